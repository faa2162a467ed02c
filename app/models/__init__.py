"""Loaded versions of models, the registry that finds them, and how one request is predicted."""
