"""Form batches of queued requests; knows no model."""
