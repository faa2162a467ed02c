"""Data augmentation: random variations of a batch while fitting, never part of the exported graph.

Tests: tests/training/network/test_batch_augmentation.py
"""
