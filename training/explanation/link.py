"""The score that is explained: the log-odds of a label, or a value in the target's unit."""

import numpy as np

from app.bundle.manifest import Task
from app.bundle.normalization import TargetStatistics
from training.backend import tf

_EPSILON = 1e-30
"""Added to probabilities, which are 0 in float32 below 1e-38, before the logarithm."""
_SIGNS = np.array([[-1], [1]], dtype=np.float32)


class ScoreLink:
    """Maps the scores of an ensemble's members to the score that is explained."""

    def __init__(self, task: Task, target: TargetStatistics | None) -> None:
        self._task = task
        self._target = target

    def __call__(self, members: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """Return the scores at both ends of a path, and the slopes between its points, from the members' scores.

        `members` is of shape (members, points, n_scores). `score`, at the last point, and `baseline`, at the first, are
        of shape (1, 1): with two labels the second one's log-odds; with more, the log-odds of the label that is most
        probable at the last point, whose index is `label`, of shape (1,); for a regression the value. The slopes, of
        shape (members, points - 1, n_scores), are the score's derivatives by each member's scores: the mean of those
        at both ends of a piece, which differ little.
        """
        label: dict[str, tf.Tensor] = {}
        if self._target is not None:
            scale = np.float32(self._target.standard_deviation)
            scores = tf.reduce_mean(members, axis=0) * scale + np.float32(self._target.mean)
            slopes = tf.ones_like(members) * scale
        elif self._task == "binary":
            scores, slopes = _binary(members)
        else:
            scores, slopes, label["label"] = _multiclass(members)
        between = (slopes[:, :-1] + slopes[:, 1:]) * (0.5 / members.shape[0])
        return {"score": scores[-1:], "baseline": scores[:1], **label}, between


def _binary(members: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the log-odds of the mean probability, of shape (points, 1), and their slopes.

    The slopes are by each member's score, times the number of members.
    """
    both = tf.nn.softmax(tf.concat([tf.zeros_like(members), members], axis=2))  # exact near 0 and near 1
    mean = tf.reduce_mean(both, axis=0) + _EPSILON
    slopes = tf.reduce_prod(both, axis=2, keepdims=True) * tf.reduce_sum(1 / mean, axis=1, keepdims=True)
    return _log_odds(mean), slopes


def _multiclass(members: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return as `_binary`, of the label that is most probable at the last point; and that label's index."""
    each = tf.nn.softmax(members)
    mean = tf.reduce_mean(each, axis=0)
    label = tf.argmax(mean[-1:], axis=1, output_type=tf.int32)
    chosen = tf.one_hot(label, mean.shape[1])
    sides = tf.concat([1 - chosen, chosen], axis=0)
    both = tf.matmul(mean, sides, transpose_b=True) + _EPSILON
    by_mean = tf.matmul(_SIGNS.T / both, sides)
    slopes = each * (by_mean - tf.reduce_sum(each * by_mean, axis=2, keepdims=True))
    return _log_odds(both), slopes, label


def _log_odds(both: tf.Tensor) -> tf.Tensor:
    """Return the log-odds, of shape (points, 1), of probabilities against and for, of shape (points, 2)."""
    return tf.matmul(tf.math.log(both), _SIGNS)
