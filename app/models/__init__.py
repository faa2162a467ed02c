"""Loaded versions of models, the registry that looks them up, and the prediction of one request."""
