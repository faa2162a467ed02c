"""The search for a better configuration."""
