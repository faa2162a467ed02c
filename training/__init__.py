"""The training half: a data file becomes a published bundle."""
