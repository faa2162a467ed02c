"""The encoder of users and items: a vector and a bias for each id, combined by matrix factorization.

Koren et al., "Matrix factorization techniques for recommender systems", 2009; beside a deep network, as in Guo et al.,
"DeepFM: a factorization-machine based neural network for CTR prediction", 2017.

Tests: tests/training/test_recommend.py
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.transforms.ids import IdStatistics, bucket, first_known, n_codes
from training.backend import keras, tf
from training.config import NetworkConfig
from training.data.normalize import Examples
from training.network.encoders.base import Encoder, Interaction

DIMENSION = 16
STDDEV = 0.1
RATE_FACTOR = 10.0
"""Factor on the embeddings, and so on their learning rate: an id is in only a few batches of an epoch."""
MASKED_SHARE = 0.02
"""Share of the known ids that each step of a fit treats as new, so that the buckets of new ids learn from them."""
REGULARIZATION = 6.0
"""The L2 penalty on an id's vector weighs as much as this many of its rows, which keeps ids with few rows near zero.

It is scaled by the targets' variance, which for probabilities is also the curvature of the loss.
"""


def encode_users(
    inputs: Mapping[str, Any], statistics: Sequence[IdStatistics], config: NetworkConfig, train: Examples
) -> Any:
    """Return float32 of shape (n_rows, dimension + 1), the bias last, from int32 codes of shape (n_rows, 1)."""
    return _encode("user", inputs, statistics, config, train)


def encode_items(
    inputs: Mapping[str, Any], statistics: Sequence[IdStatistics], config: NetworkConfig, train: Examples
) -> Any:
    """Return the items' vectors and biases, shaped as in `encode_users`."""
    return _encode("item", inputs, statistics, config, train)


def factorize(users: Any, items: Any) -> tuple[Any, Any]:
    """Return the factorization's score, of shape (n_rows, 1), and both vectors for the fusion to read.

    Gradients reach the vectors through the score alone: dense layers would evade the penalty on the vectors by larger
    weights of their own, and overfit.
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
    """An embedding of each code: a vector and a bias.

    `penalties`, of shape (n_codes,), weight the squared embedding of a code in each row that has it.
    """

    def __init__(self, statistics: IdStatistics, penalties: NDArray[np.float32], dimension: int, **options: Any):
        super().__init__(**options)
        self._dimension = dimension
        buckets = [bucket(known_id, statistics.buckets) for known_id in statistics.ids]
        self._codes_as_new = np.concatenate([np.arange(first_known(statistics)), buckets]).astype(np.int32)
        self._penalties = penalties
        self._seeds = keras.random.SeedGenerator()

    def build(self, shape: Any) -> None:  # noqa: ARG002 Keras's signature
        """Create the embeddings, one row per code, with small random values."""
        normal = keras.initializers.RandomNormal(stddev=STDDEV / RATE_FACTOR)
        self._embeddings = self.add_weight(
            name="embeddings", shape=(len(self._codes_as_new), self._dimension + 1), initializer=normal
        )

    def call(self, codes: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Return float32 of shape (n_rows, dimension + 1), from int32 codes of shape (n_rows, 1)."""
        codes = codes[:, 0]
        if training:
            masked = keras.random.uniform(tf.shape(codes), seed=self._seeds) < MASKED_SHARE
            codes = tf.where(masked, tf.gather(self._codes_as_new, codes), codes)
        vectors = RATE_FACTOR * tf.gather(self._embeddings, codes)
        if training:
            squares = tf.reduce_sum(tf.square(vectors), axis=1)
            self.add_loss(tf.reduce_mean(tf.gather(self._penalties, codes) * squares))
        return vectors


class Vectors(keras.layers.Layer):
    """A layer that concatenates both vectors, without their biases; while fitting it stops gradients."""

    def call(self, encoded: Sequence[tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """Return float32 of shape (n_rows, 2 * dimension), from two tensors of shape (n_rows, dimension + 1)."""
        vectors = tf.concat([_split_bias(embedding)[0] for embedding in encoded], axis=1)
        return tf.stop_gradient(vectors) if training else vectors


class Factorization(keras.layers.Layer):
    """A layer that adds the product of two vectors and their biases.

    It has no weights, which would let the vectors evade their penalty.
    """

    def call(self, encoded: Sequence[tf.Tensor]) -> tf.Tensor:
        """Return float32 of shape (n_rows, 1), from two tensors of shape (n_rows, dimension + 1)."""
        (user, user_bias), (item, item_bias) = map(_split_bias, encoded)
        return tf.reduce_sum(user * item, axis=1, keepdims=True) + user_bias + item_bias


def _split_bias(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the vector and the bias, by a split, because tf2onnx cannot convert the gradient of a slice."""
    vector, bias = tf.split(encoded, [encoded.shape[-1] - 1, 1], axis=1)
    return vector, bias


USER_ENCODER = Encoder("user", encode_users, interaction=Interaction("item", factorize))
ITEM_ENCODER = Encoder("item", encode_items)
