"""An ensemble in one graph: member networks that share their hidden layers.

The members differ in the scales of their inputs and in their output layer. Each is fitted by its own loss, and their
mean is the answer: TabM-mini (Gorishniy et al., "TabM: advancing tabular deep learning with parameter-efficient
ensembling", 2024). To the shared layers the members' rows are simply more rows.
"""

from collections.abc import Sequence
from typing import Any

from training.backend import keras, tf


class MemberScale(keras.layers.Layer):
    """A layer that repeats every row for each member, its inputs scaled by that member's weights.

    The scales start at random as 1 or -1, which sets the members apart; a single member starts with 1.
    """

    def __init__(self, members: int, **options: Any) -> None:
        super().__init__(**options)
        self.members = members

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Create a scale for each member and input."""
        initializer = _random_signs if self.members > 1 else "ones"
        self.scale = self.add_weight(shape=(self.members, 1, shape[-1]), initializer=initializer, name="scale")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return float32 of shape (members * n_rows, width), grouped by member, from (n_rows, width)."""
        return tf.reshape(inputs * self.scale, (-1, inputs.shape[-1]))


class MemberDense(keras.layers.Layer):
    """A dense layer with weights of its own for each member."""

    def __init__(self, members: int, units: int, *, starts_with_zero: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.members = members
        self.units = units
        self.starts_with_zero = starts_with_zero

    def build(self, shape: tuple[int, ...]) -> None:
        """Create each member's kernel, zero or uniform (Glorot and Bengio, 2010), and its bias."""
        width = shape[-1]
        limit = (6 / (width + self.units)) ** 0.5
        initializer = "zeros" if self.starts_with_zero else keras.initializers.RandomUniform(-limit, limit)
        self.kernel = self.add_weight(shape=(self.members, width, self.units), initializer=initializer, name="kernel")
        self.bias = self.add_weight(shape=(self.members, 1, self.units), initializer="zeros", name="bias")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return float32 of shape (members, n_rows, units) from (members * n_rows, width)."""
        return tf.matmul(tf.reshape(inputs, (self.members, -1, inputs.shape[-1])), self.kernel) + self.bias


def _random_signs(shape: tuple[int, ...], dtype: Any = None) -> tf.Tensor:
    return tf.cast(tf.sign(keras.random.uniform(shape) - 0.5), dtype)


class MemberSum(keras.layers.Layer):
    """A layer that adds the same direct scores to every member's own scores."""

    def call(self, scores: Sequence[tf.Tensor]) -> tf.Tensor:
        """Return float32 of shape (members, n_rows, units), from that and others of shape (n_rows, units)."""
        own, *direct = scores
        return own + tf.add_n(direct)


class MemberMean(keras.layers.Layer):
    """A layer that averages the members' answers."""

    def call(self, answers: tf.Tensor) -> tf.Tensor:
        """Return float32 of shape (n_rows, units) from (members, n_rows, units)."""
        return tf.reduce_mean(answers, axis=0)


class Ensemble(keras.Model):
    """A model that answers with the members' mean, and while it is fitted with each member's own answer.

    `encodings` are the outputs of the encoders, then of the scorers: all that the answer depends on.
    """

    def __init__(
        self,
        inputs: Any,
        members: keras.KerasTensor,
        answer: keras.KerasTensor,
        encodings: Sequence[keras.KerasTensor] = (),
        **options: Any,
    ) -> None:
        super().__init__(inputs, answer, **options)
        self.encodings = tuple(encodings)
        self._members = keras.Model(inputs, members)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> tf.Tensor:
        """Return float32 of shape (n_rows, units), or (members, n_rows, units) when `training`."""
        if training:
            return self._members(inputs, training=True)
        return super().call(inputs, training=training, mask=mask)


class MemberLoss(keras.losses.Loss):
    """A loss averaged over the members; for an answer without a member axis, the plain loss."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self._loss = keras.losses.get(name)

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Return float32 of shape (n_rows,), from answers of shape (members, n_rows, units) or (n_rows, units)."""
        targets = tf.broadcast_to(tf.reshape(y_true, (-1, 1)), (*tf.unstack(tf.shape(y_pred)[:-1]), 1))
        losses = self._loss(targets, y_pred)
        return tf.reduce_mean(losses, axis=0) if len(y_pred.shape) == 3 else losses
