"""Building and proving the graph that explains answers."""
