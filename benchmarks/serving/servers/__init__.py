"""The limit and the peers: for each, the shortest program that gives the same answers as Slipway."""
