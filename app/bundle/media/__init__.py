"""Images and sounds decoded to arrays, and files in base64."""
