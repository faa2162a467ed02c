"""The encoder of numbers: the standardized values, and beside them their piecewise-linear encoding.

Gorishniy et al., "On embeddings for numerical features in tabular deep learning", 2022.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.transforms.number import NumberStatistics, NumberTransform
from training.backend import keras, tf
from training.config import NetworkConfig
from training.data.normalize import Examples
from training.network.encoders.base import Encoder
from training.network.piecewise import bin_edges, default_bins


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[NumberStatistics],
    config: NetworkConfig,
    train: Examples,
) -> keras.KerasTensor:
    """Return float32 of shape (n_rows, width + bins of all features), from the block of shape (n_rows, width)."""
    block, values = inputs[NumberTransform.kind], train.tensors[NumberTransform.kind]
    max_bins = default_bins(len(values)) if config.bins is None else config.bins
    edges = [bin_edges(values[:, index], train.targets, max_bins) for index in range(len(statistics))]
    if not any(len(column) for column in edges):
        return block
    encoded = PiecewiseLinear(edges, name="number_bins")(block)
    return keras.layers.Concatenate(name="number_encoded")([block, encoded])


class PiecewiseLinear(keras.layers.Layer):
    """A layer that gives each bin a number: 0 below the bin, 1 above it, linear within.

    `edges` holds the ascending edges of each column, none for a column without bins.
    """

    def __init__(self, edges: Sequence[NDArray[np.float32]], **options: Any) -> None:
        super().__init__(**options)
        # numpy arrays become constants of the exported graph; tensors would become required inputs.
        self._columns = np.repeat(np.arange(len(edges), dtype=np.int32), [max(len(column) - 1, 0) for column in edges])
        self._lower = np.concatenate([column[:-1] for column in edges])
        self._slope = np.concatenate([1 / np.diff(column) for column in edges])

    def call(self, block: tf.Tensor) -> tf.Tensor:
        """Return float32 of shape (n_rows, n_bins) from (n_rows, width)."""
        inside = (tf.gather(block, self._columns, axis=1) - self._lower) * self._slope
        return tf.clip_by_value(inside, 0.0, 1.0)


ENCODER = Encoder("number", encode)
