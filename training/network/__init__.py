"""The network: encoders, fusion and head."""
