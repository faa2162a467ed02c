"""Images, a little turned, zoomed and shifted; never mirrored, which a letter or a sign would not outlive."""

import math

from training.backend import tf
from training.network.augmentation.warp import Limits, warp

LIMITS = Limits(turn=math.radians(12), zoom=(0.12, 0.12), shift=(0.08, 0.08))


def augment(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Float32 of shape (n_rows, height, width, channels)."""
    return warp(images, seed, LIMITS)
