"""Data augmentation: random variations of a batch while fitting, never part of the exported graph.

Tests: tests/training/network/test_augmentation.py
"""

from collections.abc import Callable, Mapping

from training.backend import tf
from training.network.augmentation import audio, image

AUGMENTATIONS: Mapping[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "image": image.augment,
    "audio": audio.augment,
}
"""By kind, a function of a tensor of shape (n_rows, …) and a seed of two integers that returns a varied tensor."""


def augment(tensors: Mapping[str, tf.Tensor], seed: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return a batch's tensors by name, each augmented by its kind; the same seed gives the same result."""
    augmented = {}
    for index, (name, tensor) in enumerate(tensors.items()):
        augmentation = AUGMENTATIONS.get(_kind(name))
        augmented[name] = tensor if augmentation is None else augmentation(tensor, seed + tf.constant([0, index << 20]))
    return augmented


def is_augmented(name: str) -> bool:
    """Return whether the tensor of this name is of a kind that is augmented."""
    return _kind(name) in AUGMENTATIONS


def _kind(name: str) -> str:
    return name.partition("_")[0]
