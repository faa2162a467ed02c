"""Images and sounds, decoded to arrays."""
