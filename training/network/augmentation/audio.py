"""Sounds: sooner or later, slower or faster, higher or lower, in noise, with bands and moments masked.

Park et al., "SpecAugment: a simple data augmentation method for automatic speech recognition", 2019.
"""

from training.backend import tf
from training.network.augmentation.warp import Limits, warp

LIMITS = Limits(zoom=(0.15, 0.06), shift=(0.12, 0.03))
"""Of time and of pitch."""
NOISE = 0.2
"""Deviation of what is added, where a band's own is 1."""
MASKED = 0.15
"""Largest share of the frames, and of the bands, that are masked."""


def augment(sounds: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Float32 of shape (n_rows, frames, bands); what is masked is 0, the mean."""
    moved = warp(sounds[..., None], seed, LIMITS)[..., 0]
    noise = tf.random.stateless_normal(tf.shape(moved), _other(seed, 1))
    level = tf.random.stateless_uniform((tf.shape(moved)[0], 1, 1), _other(seed, 2), 0.0, NOISE)
    kept = [_kept(tf.shape(moved)[0], moved.shape[axis], _other(seed, 2 + axis)) for axis in (1, 2)]
    return (moved + level * noise) * kept[0][:, :, None] * kept[1][:, None, :]


def _kept(n_rows: tf.Tensor, length: int, seed: tf.Tensor) -> tf.Tensor:
    """Float32 of shape (n_rows, length): 0 in a run of at most MASKED of it, 1 elsewhere."""
    drawn = tf.random.stateless_uniform((2, n_rows, 1), seed)
    size = drawn[0] * MASKED * length
    first = drawn[1] * (length - size)
    position = tf.range(length, dtype=tf.float32)[None]
    return tf.cast((position < first) | (position >= first + size), tf.float32)


def _other(seed: tf.Tensor, number: int) -> tf.Tensor:
    """A seed for another draw of the same batch."""
    return seed + tf.constant([number << 28, 0])
