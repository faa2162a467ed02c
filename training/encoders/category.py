"""Categories: an embedding a feature."""

import math
from collections.abc import Mapping, Sequence

from app.bundle.normalization import CategoryStatistics
from app.bundle.transforms.category import CategoryTransform
from training.backend import keras, tf
from training.config import NetworkConfig

MAX_DIMENSION = 16
REGULARIZATION = 1e-6


def encode(
    inputs: Mapping[str, keras.KerasTensor], statistics: Sequence[CategoryStatistics], config: NetworkConfig
) -> keras.KerasTensor:
    """Float32 of shape (n_rows, sum of the embeddings' dimensions), from int32 codes of shape (n_rows, n_features)."""
    codes = inputs[CategoryTransform.kind]
    embedded = []
    for index, fitted in enumerate(statistics):
        n_codes = CategoryTransform.n_codes(fitted)
        embedding = Lookup(
            n_codes,
            config.embedding_dimension or dimension(n_codes),
            embeddings_regularizer=keras.regularizers.L2(REGULARIZATION),
            name=f"category_{index}_embedding",
        )
        embedded.append(embedding(codes[:, index]))
    return keras.layers.Concatenate(name="category_encoded")(embedded) if len(embedded) > 1 else embedded[0]


class Lookup(keras.layers.Embedding):
    """An embedding of codes that are never negative: Keras's own allows for it, at seven more nodes a feature."""

    def call(self, codes: tf.Tensor) -> tf.Tensor:
        """Float32 of shape (n_rows, dimension) of codes of shape (n_rows,)."""
        return tf.gather(self.embeddings, codes)


def dimension(n_codes: int) -> int:
    """The usual rule of thumb, 1.6 n^0.56, bounded so that long vocabularies stay cheap."""
    return min(MAX_DIMENSION, math.ceil(1.6 * math.pow(n_codes, 0.56)))
