"""From a file to typed, split and normalized columns."""
