"""What one encoder makes of a row, taken apart by the features of its kind."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.preprocessor import concatenate
from app.bundle.transforms import Tensors
from app.bundle.transforms.base import Transform
from training.backend import keras, tf
from training.data.table import evenly

MAX_ROWS = 1_000
"""Train rows, evenly spread, that the mean is taken over."""
_BATCH_ROWS = 50


class Part:
    """What one encoder makes of a row, taken apart by the features of its kind, and the mean of it over train rows.

    `baseline`, of shape (width,), is that mean. `places` is of shape (features of the kind, all features), a 1 a row
    where the feature stands among all; `edges` are rows that reach what train rows may never.
    """

    def __init__(
        self,
        network: keras.Model,
        encoding: keras.KerasTensor,
        transform: Transform,
        places: NDArray[np.float32],
        train: Tensors,
        edges: Tensors,
    ) -> None:
        inputs = {one.name: one for one in network.inputs if one.name in transform.tensors}
        self._encode = keras.Model(inputs, encoding)
        self._masks = {
            name: _masks(transform.owners()[name], len(places), len(one.shape)).astype(one.dtype)
            for name, one in transform.tensors.items()
        }
        self._places = places
        rows = evenly(len(train[next(iter(inputs))]), MAX_ROWS)
        some = {name: train[name][rows] for name in inputs}
        middle = _middle(_batched(self._whole, some))
        self._rests = {name: some[name][middle] * (1 - mask) for name, mask in self._masks.items()}
        probes = concatenate([some, {name: edges[name] for name in inputs}])
        mixed = _batched(self._mixed, probes)
        self._owned = _owned(mixed)
        self._mean = np.mean(self._shared(mixed[: len(rows)]), axis=0)
        self.baseline: NDArray[np.float32] = self._mean.sum(axis=0)

    def move(self, tensors: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        """How far one row is from the mean, of shape (1, width), and what makes contributions of the slopes there.

        That is float32 of shape (1, all features) of slopes of shape (1, width).
        """
        if self._owned is not None:
            step = self._whole(tensors) - self.baseline
            return step, lambda slopes: tf.matmul(step * slopes, self._owned.T @ self._places)
        shares = self._shared(self._mixed(tensors))[0] - self._mean
        step = tf.reduce_sum(shares, axis=0, keepdims=True)
        return step, lambda slopes: tf.matmul(tf.matmul(slopes, shares, transpose_b=True), self._places)

    def _whole(self, tensors: Mapping[str, Any]) -> tf.Tensor:
        """Float32 of shape (n_rows, width)."""
        return self._encode({name: tensors[name] for name in self._masks}, training=False)

    def _mixed(self, tensors: Mapping[str, Any]) -> tf.Tensor:
        """Float32 of shape (n_rows, n_features + 1 or 1, width), as `_masks` has it.

        Each feature's is the encoding of a row that has it from this row and all others from the middle of the train
        split; the last is the row's own.
        """
        mixed = {name: _mixed(tensors[name], mask, self._rests[name]) for name, mask in self._masks.items()}
        encoded = self._whole(mixed)
        return tf.reshape(encoded, (-1, len(next(iter(self._masks.values()))), encoded.shape[-1]))

    def _shared(self, mixed: Any) -> Any:
        """Float32 of shape (n_rows, n_features, width), which summed over the features is the encoding.

        Where units are one feature's each, they are that feature's; else features share alike what they make together
        beyond what each makes alone.
        """
        if self._owned is not None:
            return mixed[:, -1:] * self._owned
        alone, whole = mixed[:, :-1], mixed[:, -1:]
        return alone + (whole - tf.reduce_sum(alone, axis=1, keepdims=True)) / len(self._places)


def _owned(mixed: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Of shape (n_features, width), a 1 where the unit is the feature's; None where the encoder mixes features.

    A unit is the one feature's that alone changes it, to what it is in the row itself.
    """
    alone, whole = mixed[:, :-1], mixed[:, -1]
    if not alone.shape[1]:
        return np.ones((1, whole.shape[1]), dtype=np.float32)
    owned: NDArray[np.bool_] = (alone != alone[:1]).any(axis=0)
    if (owned.sum(axis=0) != 1).any() or not np.array_equal((alone * owned).sum(axis=1), whole):
        return None
    return owned.astype(np.float32)


def _masks(owners: NDArray[np.intp], n_features: int, n_axes: int) -> NDArray[np.bool_]:
    """A mask a feature, which leaves its own numbers of a tensor, and one that leaves all; one feature needs no more.

    Of shape (n_features + 1 or 1, …), to broadcast to tensors of so many axes besides the rows.
    """
    alone = [owners == index for index in range(n_features)] if n_features > 1 else []
    masks = np.stack([*alone, np.full(owners.shape, fill_value=True)])
    return masks.reshape(len(masks), *(1,) * (n_axes - owners.ndim), *owners.shape)


def _mixed(tensor: Any, masks: NDArray[Any], rests: NDArray[Any]) -> tf.Tensor:
    """Each row under each mask, with what the mask hides from the rests: of shape (n_rows * n_masks, …)."""
    return tf.reshape(tensor[:, None] * masks + rests, (-1, *tensor.shape[1:]))


def _batched(function: Callable[[Tensors], tf.Tensor], tensors: Tensors) -> NDArray[np.float32]:
    """What the function makes of all rows, of which it gets a few at a time."""
    n_rows = len(next(iter(tensors.values())))
    pieces = np.array_split(np.arange(n_rows), math.ceil(n_rows / _BATCH_ROWS))
    return np.concatenate([np.asarray(function({name: one[rows] for name, one in tensors.items()})) for rows in pieces])


def _middle(encodings: NDArray[np.float32]) -> int:
    """The row that is nearest to the mean of all."""
    return int(((encodings - encodings.mean(axis=0)) ** 2).sum(axis=1).argmin())
