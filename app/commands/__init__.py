"""The commands of the serving half: `slipway serve`, `score`, `recommend` and `check`."""
