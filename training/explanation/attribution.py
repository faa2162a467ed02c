"""Split an encoder's output into per-feature contributions."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.preprocessor import concatenate
from app.bundle.transforms import Tensors
from app.bundle.transforms.base import Transform
from training.backend import keras, tf
from training.data.table import evenly_spaced

MAX_ROWS = 1_000
"""Train rows, evenly spaced, to take the mean encoding over."""
_BATCH_ROWS = 50


class EncoderAttribution:
    """One encoder's output, split by the features of its kind, and its mean over train rows.

    `baseline`, of shape (width,), is that mean. `places` is one-hot, of shape (features of the kind, all features): the
    position of each feature among all. `edges` are rows with values that train rows may not have.
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
        inputs = {tensor.name: tensor for tensor in network.inputs if tensor.name in transform.tensors}
        self._encode = keras.Model(inputs, encoding)
        self._masks = {
            name: _masks(transform.owners()[name], len(places), len(spec.shape)).astype(spec.dtype)
            for name, spec in transform.tensors.items()
        }
        self._places = places
        rows = evenly_spaced(len(train[next(iter(inputs))]), MAX_ROWS)
        sample = {name: train[name][rows] for name in inputs}
        central = _most_central(_batched(self._encoding, sample))
        self._backgrounds = {name: sample[name][central] * (1 - mask) for name, mask in self._masks.items()}
        probes = concatenate([sample, {name: edges[name] for name in inputs}])
        isolated = _batched(self._isolated, probes)
        self._owners = _owners(isolated)
        self._mean_parts = np.mean(self._parts(isolated[: len(rows)]), axis=0)
        self.baseline: NDArray[np.float32] = self._mean_parts.sum(axis=0)

    def step(self, tensors: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        """Return the step from the baseline to one row's encoding, and a function from slopes to contributions.

        The step and the slopes, those of the score by the encoding, are of shape (1, width). The contributions are
        float32 of shape (1, all features).
        """
        if self._owners is not None:
            step = self._encoding(tensors) - self.baseline
            return step, lambda slopes: tf.matmul(step * slopes, self._owners.T @ self._places)
        parts = self._parts(self._isolated(tensors))[0] - self._mean_parts
        step = tf.reduce_sum(parts, axis=0, keepdims=True)
        return step, lambda slopes: tf.matmul(tf.matmul(slopes, parts, transpose_b=True), self._places)

    def _encoding(self, tensors: Mapping[str, Any]) -> tf.Tensor:
        """Return the encodings, float32 of shape (n_rows, width)."""
        return self._encode({name: tensors[name] for name in self._masks}, training=False)

    def _isolated(self, tensors: Mapping[str, Any]) -> tf.Tensor:
        """Return the encoding of each feature in isolation and of the whole row.

        Float32 of shape (n_rows, n_features + 1, width), or (n_rows, 1, width) of a single feature, as `_masks` has it.
        In isolation, all other features are those of the most central train row; the whole row comes last.
        """
        isolated = {name: _isolated(tensors[name], mask, self._backgrounds[name]) for name, mask in self._masks.items()}
        encoded = self._encoding(isolated)
        return tf.reshape(encoded, (-1, len(next(iter(self._masks.values()))), encoded.shape[-1]))

    def _parts(self, isolated: Any) -> Any:
        """Return the features' parts, float32 of shape (n_rows, n_features, width), which sum to the encoding.

        Where each unit belongs to one feature, that feature gets all of it. Elsewhere a feature's part is its encoding
        in isolation, and what the features only encode together is divided among them equally.
        """
        if self._owners is not None:
            return isolated[:, -1:] * self._owners
        alone, whole = isolated[:, :-1], isolated[:, -1:]
        return alone + (whole - tf.reduce_sum(alone, axis=1, keepdims=True)) / len(self._places)


def _owners(isolated: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return which feature each unit belongs to, one-hot of shape (n_features, width); None where units mix features.

    A unit belongs to a feature if that feature alone changes it, and does so in isolation as in the whole row.
    """
    alone, whole = isolated[:, :-1], isolated[:, -1]
    if not alone.shape[1]:
        return np.ones((1, whole.shape[1]), dtype=np.float32)
    owners: NDArray[np.bool_] = (alone != alone[:1]).any(axis=0)
    if (owners.sum(axis=0) != 1).any() or not np.array_equal((alone * owners).sum(axis=1), whole):
        return None
    return owners.astype(np.float32)


def _masks(owners: NDArray[np.intp], n_features: int, n_axes: int) -> NDArray[np.bool_]:
    """Return a mask for each feature, which keeps its own numbers of a tensor, and one that keeps all of them.

    Of shape (n_features + 1, …), or (1, …) for a single feature, to broadcast to tensors of `n_axes` axes besides the
    rows.
    """
    alone = [owners == index for index in range(n_features)] if n_features > 1 else []
    masks = np.stack([*alone, np.full(owners.shape, fill_value=True)])
    return masks.reshape(len(masks), *(1,) * (n_axes - owners.ndim), *owners.shape)


def _isolated(tensor: Any, masks: NDArray[Any], backgrounds: NDArray[Any]) -> tf.Tensor:
    """Return each row under each mask, the background showing where it masks: of shape (n_rows * n_masks, …)."""
    return tf.reshape(tensor[:, None] * masks + backgrounds, (-1, *tensor.shape[1:]))


def _batched(function: Callable[[Tensors], tf.Tensor], tensors: Tensors) -> NDArray[np.float32]:
    """Return the function's result for all rows, computed on a few at a time."""
    n_rows = len(next(iter(tensors.values())))
    pieces = np.array_split(np.arange(n_rows), math.ceil(n_rows / _BATCH_ROWS))
    return np.concatenate(
        [np.asarray(function({name: tensor[rows] for name, tensor in tensors.items()})) for rows in pieces]
    )


def _most_central(encodings: NDArray[np.float32]) -> int:
    """Return the row that is nearest to the mean of all."""
    return int(((encodings - encodings.mean(axis=0)) ** 2).sum(axis=1).argmin())
