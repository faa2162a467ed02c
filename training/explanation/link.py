"""The score that explanations are of: log-odds, or a value in the target's unit."""

import numpy as np

from app.bundle.manifest import Task
from app.bundle.normalization import TargetStatistics
from training.backend import tf

_LEAST = 1e-30
"""What is added to a probability, of which the logarithm would be infinite below 1e-38."""
_SIGNS = np.array([[-1], [1]], dtype=np.float32)


class ScoreLink:
    """From the members' scores to the one that is explained."""

    def __init__(self, task: Task, target: TargetStatistics | None) -> None:
        self._task = task
        self._target = target

    def __call__(self, members: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """From (members, points, n_scores): the scores of the last and the first point, and the slopes between points.

        `score` and `baseline` are of shape (1, 1): of two labels the log-odds of the second, of more those of the last
        point's own, whose index is `label`, of shape (1,), or the value. The slopes are the score's by each member's
        scores, of shape (members, points - 1, n_scores): the means of those at both ends of a piece, where they differ
        but little.
        """
        label: dict[str, tf.Tensor] = {}
        if self._target is not None:
            scale = np.float32(self._target.standard_deviation)
            scores = tf.reduce_mean(members, axis=0) * scale + np.float32(self._target.mean)
            slopes = tf.ones_like(members) * scale
        elif self._task == "binary":
            scores, slopes = _of_two(members)
        else:
            scores, slopes, label["label"] = _of_many(members)
        between = (slopes[:, :-1] + slopes[:, 1:]) * (0.5 / members.shape[0])
        return {"score": scores[-1:], "baseline": scores[:1], **label}, between


def _of_two(members: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The log-odds of the members' mean, of shape (points, 1), and their slopes by each member, times the members."""
    both = tf.nn.softmax(tf.concat([tf.zeros_like(members), members], axis=2))  # exact near 0 and near 1
    mean = tf.reduce_mean(both, axis=0) + _LEAST
    slopes = tf.reduce_prod(both, axis=2, keepdims=True) * tf.reduce_sum(1 / mean, axis=1, keepdims=True)
    return _log_odds(mean), slopes


def _of_many(members: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """As `_of_two`, of the label that the last point's mean has for the most probable; and that label."""
    each = tf.nn.softmax(members)
    mean = tf.reduce_mean(each, axis=0)
    label = tf.argmax(mean[-1:], axis=1, output_type=tf.int32)
    chosen = tf.one_hot(label, mean.shape[1])
    sides = tf.concat([1 - chosen, chosen], axis=0)
    both = tf.matmul(mean, sides, transpose_b=True) + _LEAST
    by_mean = tf.matmul(_SIGNS.T / both, sides)
    slopes = each * (by_mean - tf.reduce_sum(each * by_mean, axis=2, keepdims=True))
    return _log_odds(both), slopes, label


def _log_odds(both: tf.Tensor) -> tf.Tensor:
    """Of shape (points, 1), from the probabilities against and for, of shape (points, 2)."""
    return tf.matmul(tf.math.log(both), _SIGNS)
