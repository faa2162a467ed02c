"""The cost of a prediction over HTTP, beside the limit and the peers: `python -m benchmarks.serving`."""
