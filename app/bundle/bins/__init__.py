"""Bins that count values, so that drift can compare served rows with those of training. Knows no kind."""
