"""Explanations of predictions, and the queue that rows wait in for one."""
