"""Drift: how what is served differs from what training saw, by the bins of the bundle's reference."""
