"""The batches of the train split: masked, shuffled, augmented and weighted, the same in every run."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.transforms import Tensors
from app.bundle.transforms.category import UNKNOWN, CategoryTransform
from training.backend import keras, tf
from training.data.normalize import Examples
from training.network.batch_augmentation import augment_batch, is_augmented

MIN_AUGMENTED_STEPS = 16
"""Smallest number of steps in an epoch of augmented rows: few rows are passed several times, each time varied again."""

UNKNOWN_SHARE = 0.01
"""Share of category codes that are masked as unknown while fitting.

The vocabulary comes from the train split, so no train row has the unknown code for the network to learn from.
"""


class Batches(keras.callbacks.Callback):
    """The dataset of a fit, and the callback that shuffles it before each epoch.

    Seed and epoch alone decide the order and the augmentation, so that a resumed run sees the batches that it would
    have seen.
    """

    def __init__(self, examples: Examples, batch_size: int, seed: int) -> None:
        super().__init__()
        self._seed = seed
        self._n_rows = len(examples.targets)
        self._epoch = epoch = tf.Variable(0, trainable=False)
        self._n_passes = passes_per_epoch(examples.tensors, self._n_rows, batch_size)
        self._order = order = tf.Variable(np.tile(np.arange(self._n_rows), self._n_passes), trainable=False)
        tensors = {name: tf.constant(array) for name, array in mask_categories(examples.tensors, seed).items()}
        targets = tf.constant(examples.targets)

        def batch(step: Any) -> Any:
            rows = order[step * batch_size : (step + 1) * batch_size]
            selected = {name: tf.gather(tensor, rows) for name, tensor in tensors.items()}
            return augment_batch(selected, tf.stack([seed + epoch, tf.cast(step, tf.int32)])), tf.gather(targets, rows)

        self.steps = math.ceil(self._n_passes * self._n_rows / batch_size)
        self.dataset = tf.data.Dataset.range(self.steps).map(batch).prefetch(tf.data.AUTOTUNE)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 Keras's signature
        """Shuffle the rows; Keras opens a new iterator of the dataset after this."""
        self._epoch.assign(epoch)
        random = np.random.default_rng((self._seed, epoch))
        self._order.assign(np.concatenate([random.permutation(self._n_rows) for _ in range(self._n_passes)]))


def ordered_batches(examples: Examples, batch_size: int) -> tf.data.Dataset:
    """Return the rows in their order as a dataset.

    Keras would turn arrays into a dataset that takes 23 ms to open instead of 1, twice per epoch.
    """
    return tf.data.Dataset.from_tensor_slices((examples.tensors, examples.targets)).batch(batch_size)


def passes_per_epoch(tensors: Tensors, n_rows: int, batch_size: int) -> int:
    """Return how often an epoch passes over the rows: once, or more if augmentation needs MIN_AUGMENTED_STEPS."""
    if not any(is_augmented(name) for name in tensors):
        return 1
    return max(1, MIN_AUGMENTED_STEPS * batch_size // n_rows)


def mask_categories(tensors: Tensors, seed: int) -> Tensors:
    """Return the tensors with UNKNOWN_SHARE of the category codes replaced by the unknown code."""
    kind = CategoryTransform.kind
    if kind not in tensors:
        return tensors
    masked = np.random.default_rng(seed).random(tensors[kind].shape) < UNKNOWN_SHARE
    return {**tensors, kind: np.where(masked, np.int32(UNKNOWN), tensors[kind])}


def class_weights(targets: NDArray[Any]) -> dict[int, float]:
    """Return a weight by class index that gives all classes the same total; the mean weight of a row is 1.

    The weights are those of scikit-learn's `class_weight="balanced"` (King and Zeng, 2001).
    """
    indices, counts = np.unique(targets.astype(np.int64), return_counts=True)
    return {int(index): len(targets) / (len(counts) * int(count)) for index, count in zip(indices, counts, strict=True)}
