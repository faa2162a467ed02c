"""Numbers: standardized already, and encoded piecewise-linearly as well, so that a dense layer sees their bins.

Gorishniy et al., "On embeddings for numerical features in tabular deep learning", 2022.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.normalization import NumberStatistics
from app.bundle.transforms.number import NumberTransform
from training.backend import keras, tf
from training.config import NetworkConfig
from training.data.normalize import Examples
from training.network.piecewise import bin_edges, default_bins


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[NumberStatistics],
    config: NetworkConfig,
    train: Examples,
) -> keras.KerasTensor:
    """Float32 of shape (n_rows, width + bins of all features), from the block of shape (n_rows, width)."""
    block, values = inputs[NumberTransform.kind], train.tensors[NumberTransform.kind]
    most = default_bins(len(values)) if config.bins is None else config.bins
    edges = [bin_edges(values[:, index], train.targets, most) for index in range(len(statistics))]
    if not any(len(one) for one in edges):
        return block
    encoded = PiecewiseLinear(edges, name="number_bins")(block)
    return keras.layers.Concatenate(name="number_encoded")([block, encoded])


class PiecewiseLinear(keras.layers.Layer):
    """A number a bin: 0 below it, 1 above it, and linear in between; `edges` holds an ascending array a column."""

    def __init__(self, edges: Sequence[NDArray[np.float32]], **options: Any) -> None:
        super().__init__(**options)
        # Arrays of numpy become constants of the graph; a tensor would become a required input of it.
        self._columns = np.repeat(np.arange(len(edges), dtype=np.int32), [max(len(one) - 1, 0) for one in edges])
        self._lower = np.concatenate([one[:-1] for one in edges])
        self._slope = np.concatenate([1 / np.diff(one) for one in edges])

    def call(self, block: tf.Tensor) -> tf.Tensor:
        """Float32 of shape (n_rows, n_bins) from (n_rows, width)."""
        inside = (tf.gather(block, self._columns, axis=1) - self._lower) * self._slope
        return tf.clip_by_value(inside, 0.0, 1.0)
