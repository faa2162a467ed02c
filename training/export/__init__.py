"""Export of a network to ONNX, and runs of the exported graph."""
