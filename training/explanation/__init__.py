"""The graph that explains answers, and its proof."""
