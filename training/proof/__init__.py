"""The proof that the exported graph answers as the network does."""
