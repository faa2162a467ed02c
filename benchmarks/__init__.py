"""What Slipway costs and reaches, measured."""
