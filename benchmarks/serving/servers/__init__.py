"""The limit and the peers: each the shortest program of its kind that answers as Slipway does."""
