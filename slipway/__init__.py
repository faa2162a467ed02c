"""The front door: the command `slipway`, over the halves that fit (`training`) and serve (`app`)."""
