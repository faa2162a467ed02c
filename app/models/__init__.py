"""Loaded versions, and the registry that finds them."""
