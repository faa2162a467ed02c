"""Augmentation of images: small rotations, zooms and shifts; no mirroring, which would change a letter or a sign.

Tests: tests/training/network/test_batch_augmentation.py
"""

import math

from training.backend import tf
from training.network.augmentation.warp import WarpLimits, random_warp

LIMITS = WarpLimits(turn=math.radians(12), zoom=(0.12, 0.12), shift=(0.08, 0.08))


def augment(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Return varied images, float32 of the same shape (n_rows, height, width, channels)."""
    return random_warp(images, seed, LIMITS)
