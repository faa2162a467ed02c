"""Benchmarks of speed, accuracy and start-up."""
