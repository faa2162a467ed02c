"""From a data file to a typed, split and normalized table."""
