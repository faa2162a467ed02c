"""Drift: how the rows that are served differ from those of training, by the bins of the bundle's reference."""
