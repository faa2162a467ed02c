"""The encoder of text: its tokens in order, and beside them linear scores of its n-grams.

With few texts the linear scores contribute more, with many texts the tokens do.

Tests: tests/training/test_text.py
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from app.bundle.texts import ngrams
from app.bundle.texts.tokenizer import PADDING, Tokenizer
from app.bundle.transforms.text import TextStatistics, names
from training.backend import keras, tf
from training.config import NetworkConfig
from training.data.normalize import Examples, Prepared
from training.network.encoders.base import Encoder
from training.network.linear_text import N_FOLDS, LinearModels, fit_linear_models, to_matrix

DIMENSION = 64
FILTERS = 64
KERNELS = (1, 2, 3)
HEADS = 4
DROPOUT = 0.3


def encode(
    inputs: Mapping[str, keras.KerasTensor],
    statistics: Sequence[TextStatistics],
    config: NetworkConfig,
    train: Examples,  # noqa: ARG001 only the scorer is fitted on them
) -> keras.KerasTensor:
    """Return float32 of shape (n_rows, width of all features together), from the tokens of each."""
    encode_sequence = SEQUENCE_ENCODERS[config.text_encoder]
    encoded = []
    for index, fitted in enumerate(statistics):
        embedding = TokenEmbedding(Tokenizer.n_codes(fitted.vocabulary), name=f"text_{index}_embedding")
        embedded, present = embedding(inputs[names(index)[0]])
        embedded = keras.layers.SpatialDropout1D(DROPOUT, name=f"text_{index}_dropout")(embedded)
        encoded.append(encode_sequence(embedded, present, f"text_{index}"))
    return keras.layers.Concatenate(name="text_encoded")(encoded) if len(encoded) > 1 else encoded[0]


def score(
    inputs: Mapping[str, keras.KerasTensor], statistics: Sequence[TextStatistics], prepared: Prepared
) -> keras.KerasTensor:
    """Return linear scores of the n-grams of all features, float32 of shape (n_rows, n_scores)."""
    pairs = [(codes, weights) for _, codes, weights in map(names, range(len(statistics)))]
    sizes = [ngrams.FIRST + len(fitted.ngrams) for fitted in statistics]
    train = prepared.train.tensors
    matrices = [
        to_matrix(train[codes], train[weights], size) for (codes, weights), size in zip(pairs, sizes, strict=True)
    ]
    models = fit_linear_models(matrices, prepared.train.targets, prepared.task)
    return LinearScores(models, sizes, name="text_scores")([inputs[name] for pair in pairs for name in pair])


class TokenEmbedding(keras.layers.Layer):
    """An embedding of tokens that is zero for padding."""

    def __init__(self, n_codes: int, **options: Any) -> None:
        super().__init__(**options)
        self._n_codes = n_codes

    def build(self, shape: Any) -> None:  # noqa: ARG002 Keras's signature
        """Create the embeddings, one row per token code."""
        self._embeddings = self.add_weight(
            name="embeddings",
            shape=(self._n_codes, DIMENSION),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
        )

    def call(self, codes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the embeddings, float32 of shape (n_rows, max_tokens, DIMENSION), and 1 or 0 where 0 is padding.

        The latter has shape (n_rows, max_tokens, 1); `codes` has shape (n_rows, max_tokens).
        """
        present = tf.cast(tf.not_equal(codes, PADDING), tf.float32)[:, :, None]
        return tf.gather(self._embeddings, codes) * present, present


class LinearScores(keras.layers.Layer):
    """A layer that scores n-grams by the mean of the fold models.

    While fitting it takes the score of the model that left out the row: the scores of a model that saw the row look
    far better than they are, and the network would rely on them alone.
    """

    def __init__(self, models: LinearModels, sizes: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        self._models = models
        self._ends = np.cumsum(sizes)[:-1]

    def build(self, shape: Any) -> None:  # noqa: ARG002 Keras's signature
        """Create constants of the fitted coefficients, feature by feature."""
        coefficients = self._models.coefficients
        by_fold = coefficients.reshape(len(coefficients), -1)
        self._mean = [self._constant(feature) for feature in np.split(coefficients.mean(axis=1), self._ends)]
        self._by_fold = [self._constant(feature) for feature in np.split(by_fold, self._ends)]

    def call(self, inputs: Sequence[tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """Return float32 of shape (n_rows, n_scores).

        `inputs` are codes and weights in turn, of shape (n_rows, max_ngrams) for each feature.
        """
        if not training:
            return self._sum(self._mean, inputs) + self._models.intercepts.mean(axis=0)
        n_scores = self._models.intercepts.shape[1]
        scores = tf.reshape(self._sum(self._by_fold, inputs), (-1, N_FOLDS, n_scores)) + self._models.intercepts
        codes = tf.concat(inputs[::2], axis=1)
        fold = tf.one_hot(tf.reduce_sum(codes, axis=1) % N_FOLDS, N_FOLDS)[:, :, None]
        return tf.reduce_sum(scores * fold, axis=1)

    def _sum(self, coefficients: Sequence[tf.Tensor], inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        features = zip(coefficients, inputs[::2], inputs[1::2], strict=True)
        return tf.add_n(
            [tf.reduce_sum(tf.gather(table, codes) * weights[:, :, None], axis=1) for table, codes, weights in features]
        )

    def _constant(self, values: Any) -> Any:
        return self.add_weight(shape=values.shape, trainable=False, initializer=lambda *_, **__: values)


def _convolutional(embedded: Any, present: Any, name: str) -> Any:
    """Return each filter's maximum over windows of KERNELS tokens.

    Kim, "Convolutional neural networks for sentence classification", 2014.
    """
    pooled = []
    for size in KERNELS:
        convolved = keras.layers.Conv1D(FILTERS, size, padding="same", activation="relu", name=f"{name}_conv_{size}")
        # ReLU gives no negative values, so padding set to zero never exceeds the maximum.
        pooled.append(keras.layers.GlobalMaxPooling1D(name=f"{name}_max_{size}")(convolved(embedded) * present))
    return keras.layers.Dropout(DROPOUT, name=f"{name}_pooled")(keras.layers.Concatenate()(pooled))


def _recurrent(embedded: Any, present: Any, name: str) -> Any:
    """Return the mean output of a bidirectional LSTM over the tokens.

    Graves and Schmidhuber, "Framewise phoneme classification with bidirectional LSTM", 2005.
    """
    # A Keras mask would be exported as a slow loop, and cuDNN's kernel cannot be exported at all.
    lstm = keras.layers.LSTM(FILTERS, return_sequences=True, use_cudnn=False)
    outputs = keras.layers.Bidirectional(lstm, name=f"{name}_lstm")(embedded)
    return keras.layers.Dropout(DROPOUT, name=f"{name}_pooled")(TokenMean(name=f"{name}_mean")([outputs, present]))


def _transformer(embedded: Any, present: Any, name: str) -> Any:
    """Return the mean over the tokens of one transformer encoder block.

    Vaswani et al., "Attention is all you need", 2017; normalization follows each residual sum.
    """
    x = PositionEmbedding(name=f"{name}_positions")(embedded)
    mask = present[:, None, :, 0] * keras.ops.ones_like(present)
    attention = keras.layers.MultiHeadAttention(HEADS, DIMENSION // HEADS, dropout=DROPOUT, name=f"{name}_attention")
    x = keras.layers.LayerNormalization(name=f"{name}_norm_0")(x + attention(x, x, attention_mask=mask))
    wide = keras.layers.Dense(2 * DIMENSION, activation="relu", name=f"{name}_wide")(x)
    x = keras.layers.LayerNormalization(name=f"{name}_norm_1")(
        x + keras.layers.Dense(DIMENSION, name=f"{name}_narrow")(wide)
    )
    return keras.layers.Dropout(DROPOUT, name=f"{name}_pooled")(TokenMean(name=f"{name}_mean")([x, present]))


class TokenMean(keras.layers.Layer):
    """A layer that averages over the tokens without padding; zero for a text without tokens."""

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        """Return float32 of shape (n_rows, width), from (n_rows, max_tokens, width) and (n_rows, max_tokens, 1)."""
        outputs, present = inputs
        return tf.reduce_sum(outputs * present, axis=1) / tf.maximum(tf.reduce_sum(present, axis=1), 1.0)


class PositionEmbedding(keras.layers.Layer):
    """A layer that adds a learnt embedding of each position."""

    def build(self, shape: Any) -> None:
        """Create the embeddings, one row per position."""
        self._positions = self.add_weight(
            name="positions", shape=shape[1:], initializer=keras.initializers.RandomNormal(stddev=0.05)
        )

    def call(self, embedded: tf.Tensor) -> tf.Tensor:
        """Return float32 of the same shape, (n_rows, max_tokens, DIMENSION)."""
        return embedded + self._positions


SEQUENCE_ENCODERS: Mapping[str, Callable[[Any, Any, str], Any]] = {
    "convolutional": _convolutional,
    "recurrent": _recurrent,
    "transformer": _transformer,
}


ENCODER = Encoder("text", encode, score=score)
