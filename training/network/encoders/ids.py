"""Users and items: a vector and a bias an id, whose product is a score: matrix factorization.

Koren et al., "Matrix factorization techniques for recommender systems", 2009; as a part of a deep network it is
DeepFM (Guo et al., 2017).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.normalization import IdStatistics
from app.bundle.transforms.ids import bucket, first_known, n_codes
from training.backend import keras, tf
from training.config import NetworkConfig
from training.data.normalize import Examples

DIMENSION = 16
STDDEV = 0.1
SPEED = 10.0
"""An id is in few batches of an epoch, and has to learn as much in them as a dense layer does in all."""
MASKED_SHARE = 0.02
"""Share of the known ids that are read as new ones while fitting, anew in each step, so that buckets learn of them."""
REGULARIZATION = 6.0
"""Rows that weigh as much as the penalty on a vector, which keeps an id of few rows near zero.

In units of the targets' variance: of probabilities, that is also how fast the loss bends.
"""


def encode_users(
    inputs: Mapping[str, Any], statistics: Sequence[IdStatistics], config: NetworkConfig, train: Examples
) -> Any:
    """Float32 of shape (n_rows, dimension + 1), the bias last, from int32 codes of shape (n_rows, 1)."""
    return _encode("user", inputs, statistics, config, train)


def encode_items(
    inputs: Mapping[str, Any], statistics: Sequence[IdStatistics], config: NetworkConfig, train: Examples
) -> Any:
    """As `encode_users`, of items."""
    return _encode("item", inputs, statistics, config, train)


def factorize(users: Any, items: Any) -> tuple[Any, Any]:
    """The product of the vectors and the biases, of shape (n_rows, 1), and the vectors alone for the fusion.

    The product alone moves the vectors. Dense layers would make up for their penalty by larger weights, and overfit.
    """
    return Factorization(name="factorization")([users, items]), Vectors(name="vectors")([users, items])


def _encode(
    kind: str, inputs: Mapping[str, Any], statistics: Sequence[IdStatistics], config: NetworkConfig, train: Examples
) -> Any:
    (fitted,) = statistics
    counts = np.bincount(train.tensors[kind][:, 0], minlength=n_codes(fitted))
    penalties = REGULARIZATION * min(train.targets.var(), 1.0) / np.maximum(counts, 1)
    embedding = IdEmbedding(
        fitted, penalties.astype(np.float32), config.embedding_dimension or DIMENSION, name=f"{kind}_embedding"
    )
    return embedding(inputs[kind])


class IdEmbedding(keras.layers.Layer):
    """A vector and a bias a code; `penalties`, of shape (n_codes,), weigh the squares of each row that has the code."""

    def __init__(self, statistics: IdStatistics, penalties: NDArray[np.float32], dimension: int, **options: Any):
        super().__init__(**options)
        self._dimension = dimension
        buckets = [bucket(one, statistics.buckets) for one in statistics.ids]
        self._as_new = np.concatenate([np.arange(first_known(statistics)), buckets]).astype(np.int32)
        self._penalties = penalties
        self._seeds = keras.random.SeedGenerator()

    def build(self, shape: Any) -> None:  # noqa: ARG002 Keras's signature
        """Make the embeddings."""
        normal = keras.initializers.RandomNormal(stddev=STDDEV / SPEED)
        self._embeddings = self.add_weight(
            name="embeddings", shape=(len(self._as_new), self._dimension + 1), initializer=normal
        )

    def call(self, codes: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Float32 of shape (n_rows, dimension + 1), of int32 codes of shape (n_rows, 1)."""
        codes = codes[:, 0]
        if training:
            masked = keras.random.uniform(tf.shape(codes), seed=self._seeds) < MASKED_SHARE
            codes = tf.where(masked, tf.gather(self._as_new, codes), codes)
        vectors = SPEED * tf.gather(self._embeddings, codes)
        if training:
            squares = tf.reduce_sum(tf.square(vectors), axis=1)
            self.add_loss(tf.reduce_mean(tf.gather(self._penalties, codes) * squares))
        return vectors


class Vectors(keras.layers.Layer):
    """Both vectors, without their biases, as they are: while fitting no gradient passes."""

    def call(self, encoded: Sequence[tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """Float32 of shape (n_rows, 2 * dimension), from two of shape (n_rows, dimension + 1)."""
        vectors = tf.concat([_parts(one)[0] for one in encoded], axis=1)
        return tf.stop_gradient(vectors) if training else vectors


class Factorization(keras.layers.Layer):
    """The product of two vectors and their biases; no weight of its own, by which they would escape their penalty."""

    def call(self, encoded: Sequence[tf.Tensor]) -> tf.Tensor:
        """Float32 of shape (n_rows, 1), from two of shape (n_rows, dimension + 1)."""
        (user, user_bias), (item, item_bias) = map(_parts, encoded)
        return tf.reduce_sum(user * item, axis=1, keepdims=True) + user_bias + item_bias


def _parts(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The vector and the bias; split, since tf2onnx knows no gradient of a slice."""
    vector, bias = tf.split(encoded, [encoded.shape[-1] - 1, 1], axis=1)
    return vector, bias
