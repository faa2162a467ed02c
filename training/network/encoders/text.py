"""Text: an encoder of its tokens in order, beside linear scores of its n-grams.

On few texts the linear scores are the better half, on many the tokens are.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from app.bundle.normalization import TextStatistics
from app.bundle.texts import ngrams
from app.bundle.texts.tokenizer import PADDING, Tokenizer
from app.bundle.transforms.text import names
from training.backend import keras, tf
from training.config import NetworkConfig
from training.data.normalize import Examples, Prepared
from training.network.linear_text import N_FOLDS, LinearScores, fit_linear_scores, to_matrix

DIMENSION = 64
FILTERS = 64
KERNELS = (1, 2, 3)
HEADS = 4
DROPOUT = 0.3


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[TextStatistics],
    config: NetworkConfig,
    train: Examples,  # noqa: ARG001 what learns of it is the scorer
) -> keras.KerasTensor:
    """Float32 of shape (n_rows, width of all features together), from the tokens of each."""
    read = SEQUENCES[config.text_encoder]
    encoded = []
    for index, fitted in enumerate(statistics):
        embedding = TokenEmbedding(Tokenizer.n_codes(fitted.vocabulary), name=f"text_{index}_embedding")
        embedded, present = embedding(inputs[names(index)[0]])
        embedded = keras.layers.SpatialDropout1D(DROPOUT, name=f"text_{index}_dropout")(embedded)
        encoded.append(read(embedded, present, f"text_{index}"))
    return keras.layers.Concatenate(name="text_encoded")(encoded) if len(encoded) > 1 else encoded[0]


def score(
    inputs: Mapping[str, keras.KerasTensor], statistics: Sequence[TextStatistics], prepared: Prepared
) -> keras.KerasTensor:
    """Linear scores of the n-grams of all features, float32 of shape (n_rows, n_scores)."""
    pairs = [(codes, weights) for _, codes, weights in map(names, range(len(statistics)))]
    sizes = [ngrams.FIRST + len(fitted.ngrams) for fitted in statistics]
    train = prepared.train.tensors
    matrices = [
        to_matrix(train[codes], train[weights], size) for (codes, weights), size in zip(pairs, sizes, strict=True)
    ]
    fitted = fit_linear_scores(matrices, prepared.train.targets, prepared.task)
    return Linear(fitted, sizes, name="text_scores")([inputs[name] for pair in pairs for name in pair])


class TokenEmbedding(keras.layers.Layer):
    """Embeddings of tokens, zero where there is none."""

    def __init__(self, n_codes: int, **options: Any) -> None:
        super().__init__(**options)
        self._n_codes = n_codes

    def build(self, shape: Any) -> None:  # noqa: ARG002 Keras's signature
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

    Scores of a model that saw the row would look far better than they are, and the network learn nothing else.
    """

    def __init__(self, scores: LinearScores, sizes: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        self._scores = scores
        self._ends = np.cumsum(sizes)[:-1]

    def build(self, shape: Any) -> None:  # noqa: ARG002 Keras's signature
        """Take the fitted coefficients, those of each feature apart."""
        fitted = self._scores
        by_fold = fitted.coefficients.reshape(len(fitted.coefficients), -1)
        self._mean = [self._constant(one) for one in np.split(fitted.coefficients.mean(axis=1), self._ends)]
        self._by_fold = [self._constant(one) for one in np.split(by_fold, self._ends)]

    def call(self, inputs: Sequence[tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """Float32 of shape (n_rows, n_scores), from codes and weights of shape (n_rows, max_ngrams) a feature."""
        if not training:
            return self._sum(self._mean, inputs) + self._scores.intercepts.mean(axis=0)
        n_scores = self._scores.intercepts.shape[1]
        scores = tf.reshape(self._sum(self._by_fold, inputs), (-1, N_FOLDS, n_scores)) + self._scores.intercepts
        codes = tf.concat(inputs[::2], axis=1)
        fold = tf.one_hot(tf.reduce_sum(codes, axis=1) % N_FOLDS, N_FOLDS)[:, :, None]
        return tf.reduce_sum(scores * fold, axis=1)

    def _sum(self, coefficients: Sequence[tf.Tensor], inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        features = zip(coefficients, inputs[::2], inputs[1::2], strict=True)
        sums = [tf.reduce_sum(tf.gather(one, codes) * weights[:, :, None], axis=1) for one, codes, weights in features]
        return tf.add_n(sums)

    def _constant(self, values: Any) -> Any:
        return self.add_weight(shape=values.shape, trainable=False, initializer=lambda *_, **__: values)


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
