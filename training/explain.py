"""Explanations: what each feature adds to a row's score, as a function of the row's tensors.

Integrated gradients (Sundararajan et al., 2017) over what the encoders make of the features: straight from its mean
over the train split to the row. There every kind is a vector, so no gradient of an encoder is needed.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.transforms import Tensors
from app.bundle.transforms.base import Transform
from training.backend import keras, tf
from training.dataset import evenly
from training.encoders import SCORERS
from training.members import Ensemble
from training.prepare import Prepared

STEPS = 16
"""Pieces of the path; the trapezoidal rule has one point more."""
MAX_ROWS = 1_000
"""Train rows, evenly spread, that the mean is taken over."""
_BATCH_ROWS = 50
_NEVER = 1e9


class Explainer:
    """Explains the answers of a fitted network."""

    def __init__(self, network: Ensemble, prepared: Prepared) -> None:
        transforms = prepared.preprocessor.transforms
        kinds = [*transforms, *(kind for kind in transforms if kind in SCORERS)]
        self._parts = [
            Part(network, encoding, transforms[kind], _places(prepared, kind), prepared.train.tensors)
            for kind, encoding in zip(kinds, network.encodings, strict=True)
        ]
        self._head = keras.Model(list(network.encodings), network.get_layer("members").input)
        self._task = prepared.task
        self._target = prepared.normalization.target

    def __call__(self, tensors: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The explanation of one row, whose tensors are of shape (1, …), as `app.explainer` reads it.

        `contributions` is float32 of shape (1, n_features); `score` and `baseline`, of shape (1, 1), are the scores of
        the row and of the mean: of two labels the log-odds of the second, of more those of the row's own, whose index
        is `label`, of shape (1,), or the value in the target's unit.
        """
        shares = [part.shares(tensors) for part in self._parts]
        along = np.linspace(0, 1, STEPS + 1, dtype=np.float32)[:, None]
        weights = np.full((STEPS + 1, 1), 1 / STEPS, dtype=np.float32)
        weights[[0, -1]] /= 2
        ends = zip(self._parts, shares, strict=True)
        points = [part.baseline + along * tf.reduce_sum(share, axis=0) for part, share in ends]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(points)
            scores, label = self._scores(self._head(points, training=False))
        slopes = [tf.reduce_sum(one * weights, axis=0) for one in tape.gradient(scores, points)]
        parts = zip(self._parts, shares, slopes, strict=True)
        contributions = tf.add_n([part.place(share, slope) for part, share, slope in parts])
        return {"contributions": contributions, "score": scores[-1:], "baseline": scores[:1], **label}

    def _scores(self, members: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Of shape (n_points, 1), from the members' of shape (members, n_points, units); the label where one is chosen.

        The last point is the row itself.
        """
        if self._target is not None:
            return tf.reduce_mean(members, axis=0) * self._target.standard_deviation + self._target.mean, {}
        if self._task == "binary":  # of scores 0 and x, softmax makes what sigmoid makes of x
            members = tf.concat([tf.zeros_like(members), members], axis=2)
        # No slices: tf2onnx knows no gradient of them.
        logs = tf.squeeze(_log_sum(members - _log_sum(members, 2), 0), 0) - np.log(np.float32(members.shape[0]))
        label = tf.argmax(logs[-1:], axis=1, output_type=tf.int32)
        chosen = tf.one_hot([1] if self._task == "binary" else label, logs.shape[1])
        others = _log_sum(logs - _NEVER * chosen, 1)
        scores = tf.reduce_sum(logs * chosen, axis=1, keepdims=True) - others
        return scores, {} if self._task == "binary" else {"label": label}


class Part:
    """What one encoder makes of a row, taken apart by the features of its kind.

    `places` is of shape (features of the kind, all features), a 1 a row where the feature stands among all.
    """

    def __init__(
        self,
        network: keras.Model,
        encoding: keras.KerasTensor,
        transform: Transform,
        places: NDArray[np.float32],
        train: Tensors,
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
        middle = _middle(_batched(self._encode, some))
        self._rests = {name: some[name][middle] * (1 - mask) for name, mask in self._masks.items()}
        self._mean = _batched(self._apart, some).mean(axis=0)
        self.baseline = self._mean.sum(axis=0)

    def shares(self, tensors: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Float32 of shape (n_features, width): how far each feature of one row moves the encoding from the mean."""
        return self._apart(tensors)[0] - self._mean

    def place(self, shares: tf.Tensor, slope: tf.Tensor) -> tf.Tensor:
        """Float32 of shape (1, all features): the shares along the slope, of shape (width,)."""
        return tf.matmul(tf.matmul(slope[None], shares, transpose_b=True), self._places)

    def _apart(self, tensors: Mapping[str, Any]) -> tf.Tensor:
        """Float32 of shape (n_rows, n_features, width), which summed over the features is the encoding.

        Each feature's is the encoding of a row that has it from this row and all others from the middle of the train
        split; where an encoder mixes features, they share alike what they make together beyond that.
        """
        n_features, n_rows = len(self._places), len(next(iter(self._masks.values())))
        mixed = {name: _mixed(tensors[name], mask, self._rests[name]) for name, mask in self._masks.items()}
        encoded = self._encode(mixed, training=False)
        encoded = tf.reshape(encoded, (-1, n_rows, encoded.shape[-1]))
        if n_features == 1:
            return encoded
        alone, whole = encoded[:, :-1], encoded[:, -1:]
        return alone + (whole - tf.reduce_sum(alone, axis=1, keepdims=True)) / n_features


def _places(prepared: Prepared, kind: str) -> NDArray[np.float32]:
    positions = [position for position, one in enumerate(prepared.features) if one.kind == kind]
    return np.eye(len(prepared.features), dtype=np.float32)[positions]


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


def _log_sum(logs: tf.Tensor, axis: int) -> tf.Tensor:
    """The logarithm of the sum of what these are the logarithms of; the axis stays, of length 1."""
    largest = tf.stop_gradient(tf.reduce_max(logs, axis=axis, keepdims=True))
    return tf.math.log(tf.reduce_sum(tf.exp(logs - largest), axis=axis, keepdims=True)) + largest
