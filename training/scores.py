"""The score that explanations are of: log-odds, or a value in the target's unit."""

import numpy as np

from app.bundle.manifest import Task
from app.bundle.normalization import TargetStatistics
from training.backend import tf

_LEAST = 1e-30
"""What is added to a probability, of which the logarithm would be infinite below 1e-38."""


class Link:
    """From the members' scores to the one that is explained."""

    def __init__(self, task: Task, target: TargetStatistics | None) -> None:
        self._binary = task == "binary"
        self._target = target

    def __call__(self, members: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """From (members, points, n_scores): the scores of the last and the first point, and the slopes between points.

        `score` and `baseline` are of shape (1, 1): of two labels the log-odds of the second, of more those of the last
        point's own, whose index is `label`, of shape (1,), or the value. The slopes are the score's by each member's
        scores, of shape (members, points - 1, n_scores): the means of those at both ends of a piece, where it bends
        but little.
        """
        if self._target is not None:
            scores = tf.reduce_mean(members, axis=0) * self._target.standard_deviation + self._target.mean
            rise = np.float32(self._target.standard_deviation / members.shape[0])
            return _ends(scores), tf.fill((members.shape[0], members.shape[1] - 1, 1), rise)
        if self._binary:  # of scores 0 and x, softmax makes what sigmoid makes of x
            members = tf.concat([tf.zeros_like(members), members], axis=2)
        each = tf.nn.softmax(members)
        mean = tf.reduce_mean(each, axis=0)
        label = tf.argmax(mean[-1:], axis=1, output_type=tf.int32)
        chosen = tf.constant([[0.0, 1.0]]) if self._binary else tf.one_hot(label, mean.shape[1])
        sides = tf.concat([1 - chosen, chosen], axis=0)
        against_and_for = tf.matmul(mean, sides, transpose_b=True) + _LEAST
        signs = np.array([[-1, 1]], dtype=np.float32)
        scores = tf.matmul(tf.math.log(against_and_for), signs.T)
        by_mean = tf.matmul(signs / against_and_for, sides)
        slopes = each * (by_mean - tf.reduce_sum(each * by_mean, axis=2, keepdims=True))
        if self._binary:
            slopes = slopes[:, :, 1:]
        rise = (slopes[:, :-1] + slopes[:, 1:]) * (0.5 / members.shape[0])
        return {**_ends(scores), **({} if self._binary else {"label": label})}, rise


def _ends(scores: tf.Tensor) -> dict[str, tf.Tensor]:
    return {"score": scores[-1:], "baseline": scores[:1]}
