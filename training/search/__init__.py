"""Searching for a better configuration."""
