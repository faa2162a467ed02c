"""The lines that a training run prints."""
