"""What a prediction costs over HTTP, beside the limit and the peers: `python -m benchmarks.serving`."""
