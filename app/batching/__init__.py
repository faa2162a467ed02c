"""Requests become batches; knows no model."""
