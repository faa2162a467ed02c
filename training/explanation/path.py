"""The slopes of a network's score along a straight path of encodings, piece by piece.

A slope at a point jumps where a ReLU has its kink; over a piece between two points each ReLU has one, by the chain
rule for differences (the rescale rule of DeepLIFT, Shrikumar et al., 2017), and the pieces' sum is exact.
"""

import re
from collections.abc import Sequence
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from training.backend import keras, tf
from training.explanation.link import ScoreLink
from training.network.ensemble import Ensemble

STEPS = 6
"""Pieces of the path, of equal length."""
_NEVER_ZERO = 1e-30

Dense = tuple[NDArray[np.float32], NDArray[np.float32]]
"""A kernel and a bias."""


class IntegrationPath:
    """The network behind its encoders, along the path that begins at `baselines`, of shape (width,) each."""

    def __init__(self, network: Ensemble, baselines: Sequence[NDArray[np.float32]], link: ScoreLink) -> None:
        encodings = list(network.encodings)
        layers = {one.name: one for one in network.layers}
        self._baselines = [one[None] for one in baselines]
        # The fusion reads encodings, or parts of them, side by side: the way to its first ReLU is straight.
        self._fuse = _model(encodings, layers["member_scale"].input)
        direct = layers["scores_total"].input[1:] if "scores_total" in layers else []
        self._direct = _model(encodings, reduce(add, direct)) if direct else None
        self._scale = layers["member_scale"].scale.numpy()
        names = [name for name in layers if re.fullmatch(r"fusion_\d+", name)]
        (self._first, bias), *self._hidden = [_dense(layers[one], layers.get(f"{one}_normalized")) for one in names]
        self._start = np.asarray(self._to_first(self._fuse(self._baselines)) + bias)
        self._last = layers["scores"].kernel.numpy(), layers["scores"].bias.numpy()
        self._link = link

    def __call__(self, steps: Sequence[tf.Tensor]) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
        """The mean slopes of the score, of shape (1, width) an encoding, on the way to the baselines and these steps.

        With them, as `ScoreLink` has them, `score` and `baseline` at the ends, and the `label`.
        """
        along = np.linspace(0, 1, STEPS + 1, dtype=np.float32)[:, None]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(steps)
            fused = self._fuse(steps)
        before = [self._start + along * self._to_first(fused)]
        for kernel, bias in self._hidden:
            before.append(tf.matmul(tf.nn.relu(before[-1]), kernel) + bias)
        members = tf.matmul(tf.nn.relu(before[-1]), self._last[0]) + self._last[1]
        if self._direct is not None:
            members += self._direct(self._points(steps, along), training=False)
        ends, rise = self._link(members)
        slopes = tape.gradient(fused, steps, self._to_fused(rise, before), tf.UnconnectedGradients.ZERO)
        if self._direct is not None:
            direct = self._direct_slopes(self._direct, steps, along, rise)
            slopes = [one + other for one, other in zip(slopes, direct, strict=True)]
        return slopes, ends

    def _to_first(self, fused: tf.Tensor) -> tf.Tensor:
        """Float32 of shape (members, 1, units), from (1, width): what goes into the first ReLU, without its bias."""
        return tf.matmul(fused * self._scale, self._first)

    def _to_fused(self, rise: tf.Tensor, before: Sequence[tf.Tensor]) -> tf.Tensor:
        """The mean slopes by what the fusion reads, of shape (1, width), from those by the members' scores."""
        slopes = tf.matmul(rise, self._last[0].transpose(0, 2, 1)) * _secants(before[-1])
        for (kernel, _), points in zip(self._hidden[::-1], before[-2::-1], strict=True):
            slopes = tf.matmul(slopes, kernel.T) * _secants(points)
        # The way before is straight: the mean of the slopes goes it once.
        mean = tf.reduce_mean(slopes, axis=1, keepdims=True)
        return tf.reduce_sum(tf.matmul(mean, self._first.T) * self._scale, axis=0)

    def _direct_slopes(
        self, direct: keras.Model, steps: Sequence[tf.Tensor], along: NDArray[np.float32], rise: tf.Tensor
    ) -> list[tf.Tensor]:
        """As `__call__` returns them, by way of what is added directly to all members' scores alike.

        That is linear, or a product of two encodings: a secant is the slope in the middle.
        """
        middles = self._points(steps, along[:-1] + np.float32(0.5 / STEPS))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(middles)
            scores = direct(middles, training=False)
        slopes = tape.gradient(scores, middles, tf.reduce_sum(rise, axis=0), tf.UnconnectedGradients.ZERO)
        return [tf.reduce_mean(one, axis=0, keepdims=True) for one in slopes]

    def _points(self, steps: Sequence[tf.Tensor], along: NDArray[np.float32]) -> list[tf.Tensor]:
        return [start + along * step for start, step in zip(self._baselines, steps, strict=True)]


def _secants(points: tf.Tensor) -> tf.Tensor:
    """Of ReLU between neighbours along axis 1: the share of the way that is above zero."""
    first, second = points[:, :-1], points[:, 1:]
    return tf.clip_by_value(tf.maximum(first, second) / (tf.abs(second - first) + _NEVER_ZERO), 0.0, 1.0)


def _model(encodings: list[keras.KerasTensor], output: keras.KerasTensor) -> keras.Model:
    # Keras makes no model whose output is one of its inputs.
    return keras.Model(encodings, keras.layers.Identity()(output))


def _dense(layer: keras.layers.Dense, normalized: keras.layers.BatchNormalization | None) -> Dense:
    """Kernel and bias, with the normalization behind in them."""
    kernel, bias = layer.kernel.numpy(), layer.bias.numpy()
    if normalized is None:
        return kernel, bias
    scale = normalized.gamma.numpy() / np.sqrt(normalized.moving_variance.numpy() + normalized.epsilon)
    return kernel * scale, (bias - normalized.moving_mean.numpy()) * scale + normalized.beta.numpy()
