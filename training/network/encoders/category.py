"""The encoder of categories: one-hot for features with few categories, an embedding for those with many."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.bundle.transforms.category import MISSING, CategoryStatistics, CategoryTransform
from training.backend import keras, tf
from training.config import NetworkConfig
from training.data.normalize import Examples
from training.network.encoders.base import Encoder

MAX_DIMENSION = 16
"""Largest width per feature: up to this many codes are one-hot, and no embedding is wider."""
REGULARIZATION = 1e-6
"""L2 penalty on the embeddings."""


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[CategoryStatistics],
    config: NetworkConfig,
    train: Examples,  # noqa: ARG001 the vocabulary is enough
) -> keras.KerasTensor:
    """Return float32 of shape (n_rows, width of all features together), from int32 codes of shape (n_rows, n_features).

    The one-hot features come first, then the embeddings.
    """
    codes = inputs[CategoryTransform.kind]
    n_codes = [CategoryTransform.n_codes(fitted) for fitted in statistics]
    few = {column: n for column, n in enumerate(n_codes) if n <= MAX_DIMENSION and not config.embedding_dimension}
    encoded = [OneHot(few, name="category_one_hot")(codes)] if few else []
    for column, n in enumerate(n_codes):
        if column not in few:
            embedding = ColumnEmbedding(
                n,
                config.embedding_dimension or embedding_dimension(n),
                embeddings_regularizer=keras.regularizers.L2(REGULARIZATION),
                column=column,
                name=f"category_{column}_embedding",
            )
            encoded.append(embedding(codes))
    return keras.layers.Concatenate(name="category_encoded")(encoded) if len(encoded) > 1 else encoded[0]


class OneHot(keras.layers.Layer):
    """A layer that gives each code but the unknown one a number, 1 in rows that have the code and 0 elsewhere.

    `n_codes` is the number of codes by column.
    """

    def __init__(self, n_codes: Mapping[int, int], **options: Any) -> None:
        super().__init__(**options)
        # numpy arrays become constants of the exported graph; tensors would become required inputs.
        self._columns = np.repeat(np.array(list(n_codes), dtype=np.int32), [n - MISSING for n in n_codes.values()])
        self._codes = np.concatenate([np.arange(MISSING, n, dtype=np.int32) for n in n_codes.values()])

    def call(self, codes: tf.Tensor) -> tf.Tensor:
        """Return float32 of shape (n_rows, known codes of all columns), from codes of shape (n_rows, n_features)."""
        return tf.cast(tf.equal(tf.gather(codes, self._columns, axis=1), self._codes), tf.float32)


class ColumnEmbedding(keras.layers.Embedding):
    """An embedding of one column of codes that are never negative.

    Keras's own layer allows for negative codes, which costs seven more nodes in the exported graph.
    """

    def __init__(self, *sizes: int, column: int, **options: Any) -> None:
        super().__init__(*sizes, **options)
        self.column = column

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape (n_rows, dimension)."""
        return (input_shape[0], self.output_dim)

    def call(self, codes: tf.Tensor) -> tf.Tensor:
        """Return float32 of shape (n_rows, dimension), from codes of shape (n_rows, n_features)."""
        return tf.gather(self.embeddings, tf.gather(codes, self.column, axis=1))


def embedding_dimension(n_codes: int) -> int:
    """Return 1.6 * n_codes^0.56, fastai's rule of thumb, at most MAX_DIMENSION."""
    return min(MAX_DIMENSION, math.ceil(1.6 * math.pow(n_codes, 0.56)))


ENCODER = Encoder("category", encode)
