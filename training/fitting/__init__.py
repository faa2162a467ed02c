"""Fitting the weights of a network."""
