"""The train split as the network is fed it: masked, shuffled, augmented and weighted, the same way each time."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.transforms import Tensors
from app.bundle.transforms.category import UNKNOWN, CategoryTransform
from training.backend import keras, tf
from training.data.normalize import Examples
from training.network.augmentation import augment, is_augmented

MIN_AUGMENTED_STEPS = 16
"""Steps of an epoch of rows that are never twice the same: few rows are gone through several times."""

UNKNOWN_SHARE = 0.01
"""Share of category codes that are masked as unknown while fitting.

The vocabulary is the train split's own, so no train row has the unknown code to learn from.
"""


class Batches(keras.callbacks.Callback):
    """Shuffles and augments by seed and epoch alone, so that a resumed run sees the batches that it would have seen."""

    def __init__(self, examples: Examples, batch_size: int, seed: int) -> None:
        super().__init__()
        self._seed = seed
        self._n_rows = len(examples.targets)
        self._epoch = epoch = tf.Variable(0, trainable=False)
        self._n_passes = passes(examples.tensors, self._n_rows, batch_size)
        self._order = order = tf.Variable(np.tile(np.arange(self._n_rows), self._n_passes), trainable=False)
        tensors = {name: tf.constant(one) for name, one in mask_categories(examples.tensors, seed).items()}
        targets = tf.constant(examples.targets)

        def batch(step: Any) -> Any:
            rows = order[step * batch_size : (step + 1) * batch_size]
            chosen = {name: tf.gather(one, rows) for name, one in tensors.items()}
            return augment(chosen, tf.stack([seed + epoch, tf.cast(step, tf.int32)])), tf.gather(targets, rows)

        self.steps = math.ceil(self._n_passes * self._n_rows / batch_size)
        self.dataset = tf.data.Dataset.range(self.steps).map(batch).prefetch(tf.data.AUTOTUNE)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 Keras's signature
        """Shuffle; Keras opens a new iterator after this."""
        self._epoch.assign(epoch)
        random = np.random.default_rng((self._seed, epoch))
        self._order.assign(np.concatenate([random.permutation(self._n_rows) for _ in range(self._n_passes)]))


def in_order(examples: Examples, batch_size: int) -> tf.data.Dataset:
    """The rows as they are: of arrays Keras makes a dataset whose every opening, two an epoch, takes 23 ms, not 1."""
    return tf.data.Dataset.from_tensor_slices((examples.tensors, examples.targets)).batch(batch_size)


def passes(tensors: Tensors, n_rows: int, batch_size: int) -> int:
    """How often an epoch goes through the rows: once, or so often that augmented ones make MIN_AUGMENTED_STEPS."""
    if not any(is_augmented(name) for name in tensors):
        return 1
    return max(1, MIN_AUGMENTED_STEPS * batch_size // n_rows)


def mask_categories(tensors: Tensors, seed: int) -> Tensors:
    """The tensors with UNKNOWN_SHARE of the category codes unknown."""
    kind = CategoryTransform.kind
    if kind not in tensors:
        return tensors
    masked = np.random.default_rng(seed).random(tensors[kind].shape) < UNKNOWN_SHARE
    return {**tensors, kind: np.where(masked, np.int32(UNKNOWN), tensors[kind])}


def class_weights(targets: NDArray[Any]) -> dict[int, float]:
    """A weight a class index, so that all classes weigh alike and the mean weight of a row is 1."""
    indices, counts = np.unique(targets.astype(np.int64), return_counts=True)
    return {int(index): len(targets) / (len(counts) * int(count)) for index, count in zip(indices, counts, strict=True)}
