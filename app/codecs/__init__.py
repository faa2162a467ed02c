"""Codecs: bytes to rows, and predictions to bytes, a module for each media type. Knows no model."""
