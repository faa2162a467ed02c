"""The members of an ensemble: networks in one graph that share their hidden layers.

They differ in how they scale what goes in and in the layer that answers; each is fitted by its own loss, and they
answer with their mean: TabM-mini (Gorishniy et al., 2024). To the hidden layers the members' rows are just more rows.
"""

from collections.abc import Sequence
from typing import Any

from training.backend import keras, tf


class MemberScale(keras.layers.Layer):
    """Every row once a member, each input scaled by weights that begin as 1 or -1 at random to set members apart."""

    def __init__(self, members: int, **options: Any) -> None:
        super().__init__(**options)
        self.members = members

    def build(self, shape: tuple[int | None, ...]) -> None:
        """A scale a member and input; one member alone begins with 1."""
        start = _random_signs if self.members > 1 else "ones"
        self.scale = self.add_weight(shape=(self.members, 1, shape[-1]), initializer=start, name="scale")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Float32 of shape (members * n_rows, width), all rows of one member after the other, from (n_rows, width)."""
        return tf.reshape(inputs * self.scale, (-1, inputs.shape[-1]))


class MemberDense(keras.layers.Layer):
    """A dense layer of its own a member."""

    def __init__(self, members: int, units: int, *, starts_with_zero: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.members = members
        self.units = units
        self.starts_with_zero = starts_with_zero

    def build(self, shape: tuple[int, ...]) -> None:
        """Weights by Glorot's rule, a draw a member, or zeros."""
        width = shape[-1]
        limit = (6 / (width + self.units)) ** 0.5
        start = "zeros" if self.starts_with_zero else keras.initializers.RandomUniform(-limit, limit)
        self.kernel = self.add_weight(shape=(self.members, width, self.units), initializer=start, name="kernel")
        self.bias = self.add_weight(shape=(self.members, 1, self.units), initializer="zeros", name="bias")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Float32 of shape (members, n_rows, units) from (members * n_rows, width)."""
        return tf.matmul(tf.reshape(inputs, (self.members, -1, inputs.shape[-1])), self.kernel) + self.bias


def _random_signs(shape: tuple[int, ...], dtype: Any = None) -> tf.Tensor:
    return tf.cast(tf.sign(keras.random.uniform(shape) - 0.5), dtype)


class MemberSum(keras.layers.Layer):
    """The members' scores, to each of which the same direct scores are added."""

    def call(self, scores: Sequence[tf.Tensor]) -> tf.Tensor:
        """Float32 of shape (members, n_rows, units), from that and others of shape (n_rows, units)."""
        own, *direct = scores
        return own + tf.add_n(direct)


class Mean(keras.layers.Layer):
    """The mean of the members' answers."""

    def call(self, answers: tf.Tensor) -> tf.Tensor:
        """Float32 of shape (n_rows, units) from (members, n_rows, units)."""
        return tf.reduce_mean(answers, axis=0)


class Ensemble(keras.Model):
    """Answers with the members' mean; while it is fitted, with every member's own answer.

    `encodings` are what the encoders, then the scorers make of the inputs: all that the answer depends on.
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
        """Float32 of shape (n_rows, units), or (members, n_rows, units) where `training`."""
        if training:
            return self._members(inputs, training=True)
        return super().call(inputs, training=training, mask=mask)


class MemberLoss(keras.losses.Loss):
    """The mean of the members' own losses; of an ensemble's one answer, that answer's loss."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self._loss = keras.losses.get(name)

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Float32 of shape (n_rows,)."""
        targets = tf.broadcast_to(tf.reshape(y_true, (-1, 1)), (*tf.unstack(tf.shape(y_pred)[:-1]), 1))
        losses = self._loss(targets, y_pred)
        return tf.reduce_mean(losses, axis=0) if len(y_pred.shape) == 3 else losses
