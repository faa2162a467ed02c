"""Exporting a network to ONNX, and running what was exported."""
