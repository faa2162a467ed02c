"""Categories: one-hot where a feature has few, an embedding where it has many."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.bundle.normalization import CategoryStatistics
from app.bundle.transforms.category import MISSING, CategoryTransform
from training.backend import keras, tf
from training.config import NetworkConfig
from training.data.normalize import Examples

MAX_DIMENSION = 16
"""Numbers a feature: up to so many codes are one-hot, and no embedding is wider."""
REGULARIZATION = 1e-6


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[CategoryStatistics],
    config: NetworkConfig,
    train: Examples,  # noqa: ARG001 the vocabulary says it all
) -> keras.KerasTensor:
    """Float32 of shape (n_rows, numbers of all features), from int32 codes of shape (n_rows, n_features).

    First those of the features that are one-hot, then the embeddings.
    """
    codes = inputs[CategoryTransform.kind]
    n_codes = [CategoryTransform.n_codes(fitted) for fitted in statistics]
    few = {column: n for column, n in enumerate(n_codes) if n <= MAX_DIMENSION and not config.embedding_dimension}
    encoded = [OneHot(few, name="category_one_hot")(codes)] if few else []
    for column, n in enumerate(n_codes):
        if column not in few:
            embedding = Lookup(
                n,
                config.embedding_dimension or dimension(n),
                embeddings_regularizer=keras.regularizers.L2(REGULARIZATION),
                column=column,
                name=f"category_{column}_embedding",
            )
            encoded.append(embedding(codes))
    return keras.layers.Concatenate(name="category_encoded")(encoded) if len(encoded) > 1 else encoded[0]


class OneHot(keras.layers.Layer):
    """A number a code but the unknown's, 1 where a row has it; `n_codes` says how many codes a column has."""

    def __init__(self, n_codes: Mapping[int, int], **options: Any) -> None:
        super().__init__(**options)
        # Arrays of numpy become constants of the graph; a tensor would become a required input of it.
        self._columns = np.repeat(np.array(list(n_codes), dtype=np.int32), [n - MISSING for n in n_codes.values()])
        self._codes = np.concatenate([np.arange(MISSING, n, dtype=np.int32) for n in n_codes.values()])

    def call(self, codes: tf.Tensor) -> tf.Tensor:
        """Float32 of shape (n_rows, known codes of all columns) of codes of shape (n_rows, n_features)."""
        return tf.cast(tf.equal(tf.gather(codes, self._columns, axis=1), self._codes), tf.float32)


class Lookup(keras.layers.Embedding):
    """An embedding of one column of codes that are never negative: Keras's own allows for it, at seven more nodes."""

    def __init__(self, *sizes: int, column: int, **options: Any) -> None:
        super().__init__(*sizes, **options)
        self.column = column

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Of shape (n_rows, dimension)."""
        return (input_shape[0], self.output_dim)

    def call(self, codes: tf.Tensor) -> tf.Tensor:
        """Float32 of shape (n_rows, dimension) of codes of shape (n_rows, n_features)."""
        return tf.gather(self.embeddings, tf.gather(codes, self.column, axis=1))


def dimension(n_codes: int) -> int:
    """The usual rule of thumb, 1.6 n^0.56, bounded so that long vocabularies stay cheap."""
    return min(MAX_DIMENSION, math.ceil(1.6 * math.pow(n_codes, 0.56)))
