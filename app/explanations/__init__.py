"""Explanations of predictions, and the queue in which rows wait for them."""
