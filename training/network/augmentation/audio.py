"""Augmentation of sounds: shifts and stretches of time and pitch, noise, and masked bands and frames.

Masking follows Park et al., "SpecAugment: a simple data augmentation method for automatic speech recognition", 2019.

Tests: tests/training/network/test_batch_augmentation.py
"""

from training.backend import tf
from training.network.augmentation.warp import WarpLimits, random_warp

LIMITS = WarpLimits(zoom=(0.15, 0.06), shift=(0.12, 0.03))
"""Limits for time (the frames) and for pitch (the bands)."""
NOISE = 0.2
"""Largest standard deviation of the added noise; a band's own is 1."""
MASKED = 0.15
"""Largest share of the frames, and of the bands, that is masked."""


def augment(sounds: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Return varied sounds, float32 of the same shape (n_rows, frames, bands); masked values are 0, the mean."""
    warped = random_warp(sounds[..., None], seed, LIMITS)[..., 0]
    noise = tf.random.stateless_normal(tf.shape(warped), _derive_seed(seed, 1))
    level = tf.random.stateless_uniform((tf.shape(warped)[0], 1, 1), _derive_seed(seed, 2), 0.0, NOISE)
    masks = [_mask(tf.shape(warped)[0], warped.shape[axis], _derive_seed(seed, 2 + axis)) for axis in (1, 2)]
    return (warped + level * noise) * masks[0][:, :, None] * masks[1][:, None, :]


def _mask(n_rows: tf.Tensor, length: int, seed: tf.Tensor) -> tf.Tensor:
    """Return float32 of shape (n_rows, length): 0 in a run of at most MASKED of the length, 1 elsewhere."""
    drawn = tf.random.stateless_uniform((2, n_rows, 1), seed)
    size = drawn[0] * MASKED * length
    first = drawn[1] * (length - size)
    position = tf.range(length, dtype=tf.float32)[None]
    return tf.cast((position < first) | (position >= first + size), tf.float32)


def _derive_seed(seed: tf.Tensor, number: int) -> tf.Tensor:
    """Return the seed of another draw for the same batch."""
    return seed + tf.constant([number << 28, 0])
