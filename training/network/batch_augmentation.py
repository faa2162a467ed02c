"""The augmentation of a batch, each tensor by its kind."""

from collections.abc import Mapping

from training.backend import tf
from training.network.encoders import ENCODERS
from training.network.encoders.base import Augment


def augment_batch(tensors: Mapping[str, tf.Tensor], seed: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return a batch's tensors by name, each augmented by its kind; the same seed gives the same result."""
    augmented = {}
    for index, (name, tensor) in enumerate(tensors.items()):
        augment = _augmentation(name)
        augmented[name] = tensor if augment is None else augment(tensor, seed + tf.constant([0, index << 20]))
    return augmented


def is_augmented(name: str) -> bool:
    """Return whether the tensor of this name is of a kind that is augmented."""
    return _augmentation(name) is not None


def _augmentation(name: str) -> Augment | None:
    return ENCODERS[name.partition("_")[0]].augment
