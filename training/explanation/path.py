"""The slopes of a network's score along a straight path of encodings, piece by piece.

The derivative of a ReLU jumps at its kink, its secant over a piece of the path does not. By the chain rule for
differences (the rescale rule of DeepLIFT, Shrikumar et al., 2017) the contributions of the pieces sum exactly.
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
_EPSILON = 1e-30

Dense = tuple[NDArray[np.float32], NDArray[np.float32]]
"""A kernel and a bias."""


class IntegrationPath:
    """The network after its encoders, along the path that begins at `baselines`, of shape (width,) each."""

    def __init__(self, network: Ensemble, baselines: Sequence[NDArray[np.float32]], link: ScoreLink) -> None:
        encodings = list(network.encodings)
        layers = {layer.name: layer for layer in network.layers}
        self._baselines = [baseline[None] for baseline in baselines]
        # The fusion concatenates encodings or parts of them: up to its first ReLU the network is linear.
        self._fuse = _model(encodings, layers["member_scale"].input)
        direct = layers["scores_total"].input[1:] if "scores_total" in layers else []
        self._direct = _model(encodings, reduce(add, direct)) if direct else None
        self._scale = layers["member_scale"].scale.numpy()
        names = [name for name in layers if re.fullmatch(r"fusion_\d+", name)]
        (self._first, bias), *self._hidden = [_dense(layers[name], layers.get(f"{name}_normalized")) for name in names]
        self._start = np.asarray(self._to_first(self._fuse(self._baselines)) + bias)
        self._last = layers["scores"].kernel.numpy(), layers["scores"].bias.numpy()
        self._link = link

    def __call__(self, steps: Sequence[tf.Tensor]) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
        """Return the score's mean slopes on the path from the baselines by these steps, and the scores at its ends.

        Steps and slopes are of shape (1, width), one for each encoding. The scores are `score`, `baseline` and
        `label`, as `ScoreLink` returns them.
        """
        fractions = np.linspace(0, 1, STEPS + 1, dtype=np.float32)[:, None]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(steps)
            fused = self._fuse(steps)
        before = [self._start + fractions * self._to_first(fused)]  # the inputs of each ReLU
        for kernel, bias in self._hidden:
            before.append(tf.matmul(tf.nn.relu(before[-1]), kernel) + bias)
        members = tf.matmul(tf.nn.relu(before[-1]), self._last[0]) + self._last[1]
        if self._direct is not None:
            members += self._direct(self._points(steps, fractions), training=False)
        scores, score_slopes = self._link(members)
        fused_slopes = self._to_fused(score_slopes, before)
        slopes = tape.gradient(fused, steps, fused_slopes, tf.UnconnectedGradients.ZERO)
        if self._direct is not None:
            direct_slopes = self._direct_slopes(self._direct, steps, fractions, score_slopes)
            slopes = [slope + direct for slope, direct in zip(slopes, direct_slopes, strict=True)]
        return slopes, scores

    def _to_first(self, fused: tf.Tensor) -> tf.Tensor:
        """Return the first ReLU's input without its bias, float32 of shape (members, 1, units), from (1, width)."""
        return tf.matmul(fused * self._scale, self._first)

    def _to_fused(self, score_slopes: tf.Tensor, before: Sequence[tf.Tensor]) -> tf.Tensor:
        """Return the mean slopes by the fusion's input, of shape (1, width), from those by the members' scores."""
        slopes = tf.matmul(score_slopes, self._last[0].transpose(0, 2, 1)) * _secants(before[-1])
        for (kernel, _), points in zip(self._hidden[::-1], before[-2::-1], strict=True):
            slopes = tf.matmul(slopes, kernel.T) * _secants(points)
        # What is before is linear: it is enough to take the mean of the slopes back through it.
        mean = tf.reduce_mean(slopes, axis=1, keepdims=True)
        return tf.reduce_sum(tf.matmul(mean, self._first.T) * self._scale, axis=0)

    def _direct_slopes(
        self,
        direct: keras.Model,
        steps: Sequence[tf.Tensor],
        fractions: NDArray[np.float32],
        score_slopes: tf.Tensor,
    ) -> list[tf.Tensor]:
        """Return the mean slopes, as `__call__` does, by way of the direct scores added to all members' scores.

        Direct scores are linear, or products of two encodings, so that a secant is the derivative at its middle.
        """
        middles = self._points(steps, fractions[:-1] + np.float32(0.5 / STEPS))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(middles)
            scores = direct(middles, training=False)
        by_members = tf.reduce_sum(score_slopes, axis=0)
        slopes = tape.gradient(scores, middles, by_members, tf.UnconnectedGradients.ZERO)
        return [tf.reduce_mean(slope, axis=0, keepdims=True) for slope in slopes]

    def _points(self, steps: Sequence[tf.Tensor], fractions: NDArray[np.float32]) -> list[tf.Tensor]:
        return [start + fractions * step for start, step in zip(self._baselines, steps, strict=True)]


def _secants(points: tf.Tensor) -> tf.Tensor:
    """Return ReLU's secants between neighbours along axis 1: the fraction of each piece that is above zero."""
    first, second = points[:, :-1], points[:, 1:]
    return tf.clip_by_value(tf.maximum(first, second) / (tf.abs(second - first) + _EPSILON), 0.0, 1.0)


def _model(encodings: list[keras.KerasTensor], output: keras.KerasTensor) -> keras.Model:
    # Keras makes no model whose output is one of its inputs.
    return keras.Model(encodings, keras.layers.Identity()(output))


def _dense(layer: keras.layers.Dense, normalization: keras.layers.BatchNormalization | None) -> Dense:
    """Return a layer's kernel and bias, with the batch normalization that follows it folded in."""
    kernel, bias = layer.kernel.numpy(), layer.bias.numpy()
    if normalization is None:
        return kernel, bias
    scale = normalization.gamma.numpy() / np.sqrt(normalization.moving_variance.numpy() + normalization.epsilon)
    return kernel * scale, (bias - normalization.moving_mean.numpy()) * scale + normalization.beta.numpy()
