"""Rows as they might have been as well: a module a kind that can say how. Never part of the exported graph."""

from collections.abc import Callable, Mapping

from training.backend import tf
from training.network.augmentation import audio, image

AUGMENTATIONS: Mapping[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "image": image.augment,
    "audio": audio.augment,
}
"""Takes a kind's tensor of shape (n_rows, …) and a seed of two integers, and returns one alike."""


def augment(tensors: Mapping[str, tf.Tensor], seed: tf.Tensor) -> dict[str, tf.Tensor]:
    """A batch's tensors by name, each augmented as its kind is; the same seed gives the same."""
    changed = {}
    for index, (name, tensor) in enumerate(tensors.items()):
        change = AUGMENTATIONS.get(_kind(name))
        changed[name] = tensor if change is None else change(tensor, seed + tf.constant([0, index << 20]))
    return changed


def is_augmented(name: str) -> bool:
    """Whether the tensor of this name is of a kind that is augmented."""
    return _kind(name) in AUGMENTATIONS


def _kind(name: str) -> str:
    return name.partition("_")[0]
