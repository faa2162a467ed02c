"""Text: an encoder of its tokens in order, beside linear scores of its n-grams.

On few texts the linear scores are the better half, on many the tokens are.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from app.bundle import ngrams
from app.bundle.normalization import TextStatistics
from app.bundle.tokenizer import PADDING, Tokenizer
from app.bundle.transforms.text import names
from training.backend import keras, tf
from training.config import NetworkConfig
from training.linear_scores import N_FOLDS, LinearScores, fit_linear_scores
from training.prepare import Examples

DIMENSION = 64
FILTERS = 64
KERNELS = (1, 2, 3)
HEADS = 4
DROPOUT = 0.3


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[TextStatistics],
    config: NetworkConfig,
    train: Examples,
) -> keras.KerasTensor:
    """Float32 of shape (n_rows, width of all features together), from the three tensors of each feature."""
    read = SEQUENCES[config.text_encoder]
    encoded = []
    for index, fitted in enumerate(statistics):
        tokens, codes, weights = names(index)
        scores = fit_linear_scores(
            train.tensors[codes], train.tensors[weights], train.targets, ngrams.FIRST + len(fitted.ngrams)
        )
        encoded.append(Linear(scores, name=f"text_{index}_scores")([inputs[codes], inputs[weights]]))
        embedding = TokenEmbedding(Tokenizer.n_codes(fitted.vocabulary), name=f"text_{index}_embedding")
        embedded, present = embedding(inputs[tokens])
        embedded = keras.layers.SpatialDropout1D(DROPOUT, name=f"text_{index}_dropout")(embedded)
        encoded.append(read(embedded, present, f"text_{index}"))
    return keras.layers.Concatenate(name="text_encoded")(encoded)


class TokenEmbedding(keras.layers.Layer):
    """Embeddings of tokens, zero where there is none."""

    def __init__(self, n_codes: int, **options: Any) -> None:
        super().__init__(**options)
        self._n_codes = n_codes

    def build(self, shape: Any) -> None:
        """Make the embeddings."""
        self._embeddings = self.add_weight(
            name="embeddings",
            shape=(self._n_codes, DIMENSION),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
        )

    def call(self, codes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Float32 of shape (n_rows, max_tokens, DIMENSION), and 1 where there is a token (n_rows, max_tokens, 1)."""
        present = tf.cast(tf.not_equal(codes, PADDING), tf.float32)[:, :, None]
        return tf.gather(self._embeddings, codes) * present, present


class Linear(keras.layers.Layer):
    """Linear scores of n-grams: while fitting those of the model that never saw the row, later the models' mean.

    Scores of a model that saw the row would look far better than they are, and the network trust nothing else.
    """

    def __init__(self, scores: LinearScores, **options: Any) -> None:
        super().__init__(**options)
        self._scores = scores

    def build(self, shape: Any) -> None:
        """Take the fitted coefficients."""
        fitted = self._scores
        self._mean = self._constant("mean", fitted.coefficients.mean(axis=1))
        self._folds = self._constant("folds", fitted.coefficients.reshape(len(fitted.coefficients), -1))
        self._n_scores = fitted.intercepts.shape[1]

    def call(self, inputs: Sequence[tf.Tensor], training: bool | None = None) -> tf.Tensor:  # noqa: FBT001 Keras's
        """Float32 of shape (n_rows, n_scores), from codes and weights of shape (n_rows, max_ngrams)."""
        codes, weights = inputs
        if not training:
            return self._sum(self._mean, codes, weights) + self._scores.intercepts.mean(axis=0)
        scores = tf.reshape(self._sum(self._folds, codes, weights), (-1, N_FOLDS, self._n_scores))
        fold = tf.one_hot(tf.reduce_sum(codes, axis=1) % N_FOLDS, N_FOLDS)[:, :, None]
        return tf.reduce_sum((scores + self._scores.intercepts) * fold, axis=1)

    def _sum(self, coefficients: tf.Tensor, codes: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.gather(coefficients, codes) * weights[:, :, None], axis=1)

    def _constant(self, name: str, values: Any) -> Any:
        made = self.add_weight(name=name, shape=values.shape, trainable=False)
        made.assign(values)
        return made


def _convolutional(embedded: Any, present: Any, name: str) -> Any:
    """The largest answer of each filter, over windows of KERNELS tokens (Kim, 2014)."""
    pooled = []
    for size in KERNELS:
        convolved = keras.layers.Conv1D(FILTERS, size, padding="same", activation="relu", name=f"{name}_conv_{size}")
        # Of answers that are never negative, zero is the least: padding never is the largest.
        pooled.append(keras.layers.GlobalMaxPooling1D(name=f"{name}_max_{size}")(convolved(embedded) * present))
    return keras.layers.Dropout(DROPOUT, name=f"{name}_pooled")(keras.layers.Concatenate()(pooled))


def _recurrent(embedded: Any, present: Any, name: str) -> Any:
    """The mean over the tokens of an LSTM's answers in both directions."""
    # Keras's own mask would make a loop of it in ONNX, and cuDNN's kernel has no form there.
    lstm = keras.layers.LSTM(FILTERS, return_sequences=True, use_cudnn=False)
    answers = keras.layers.Bidirectional(lstm, name=f"{name}_lstm")(embedded)
    return keras.layers.Dropout(DROPOUT, name=f"{name}_pooled")(Mean(name=f"{name}_mean")([answers, present]))


def _transformer(embedded: Any, present: Any, name: str) -> Any:
    """The mean over the tokens of one block of attention over all tokens."""
    x = Positions(name=f"{name}_positions")(embedded)
    mask = present[:, None, :, 0] * keras.ops.ones_like(present)
    attention = keras.layers.MultiHeadAttention(HEADS, DIMENSION // HEADS, dropout=DROPOUT, name=f"{name}_attention")
    x = keras.layers.LayerNormalization(name=f"{name}_norm_0")(x + attention(x, x, attention_mask=mask))
    wide = keras.layers.Dense(2 * DIMENSION, activation="relu", name=f"{name}_wide")(x)
    x = keras.layers.LayerNormalization(name=f"{name}_norm_1")(
        x + keras.layers.Dense(DIMENSION, name=f"{name}_narrow")(wide)
    )
    return keras.layers.Dropout(DROPOUT, name=f"{name}_pooled")(Mean(name=f"{name}_mean")([x, present]))


class Mean(keras.layers.Layer):
    """The mean over the tokens that are there; zero where there is none."""

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        """Float32 of shape (n_rows, width) from (n_rows, max_tokens, width) and (n_rows, max_tokens, 1)."""
        answers, present = inputs
        return tf.reduce_sum(answers * present, axis=1) / tf.maximum(tf.reduce_sum(present, axis=1), 1.0)


class Positions(keras.layers.Layer):
    """Adds a learnt embedding a position."""

    def build(self, shape: Any) -> None:
        """Make the embeddings."""
        self._positions = self.add_weight(
            name="positions", shape=shape[1:], initializer=keras.initializers.RandomNormal(stddev=0.05)
        )

    def call(self, embedded: tf.Tensor) -> tf.Tensor:
        """Of the same shape."""
        return embedded + self._positions


SEQUENCES: Mapping[str, Callable[[Any, Any, str], Any]] = {
    "convolutional": _convolutional,
    "recurrent": _recurrent,
    "transformer": _transformer,
}
