"""The headline metrics of weighted rows, sorted once and then cheap: a bootstrap asks for them hundreds of times."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import Task
from app.bundle.outputs import decide
from training.evaluation.intervals import Weighted

Floats = NDArray[np.float64]


def headline(task: Task, truth: NDArray[Any], predictions: Floats, threshold: float) -> Weighted:
    """The metrics of `training.evaluation.metrics.HEADLINE` by the rows' weights; with weights of 1 as `evaluate`.

    `truth` and `predictions` are as `evaluate` takes them.
    """
    if task == "regression":
        return _values(truth, predictions[:, 0])
    decided = decide(predictions, threshold)
    if task == "binary":
        return _binary(truth == 1, predictions[:, 1], decided == 1)
    return _multiclass(truth, predictions, decided)


def _values(truth: Floats, values: Floats) -> Weighted:
    absolute = np.abs(truth - values)

    def measure(weights: Floats) -> dict[str, float]:
        total = weights.sum()
        squares = float(weights @ absolute**2)
        center = weights @ truth / total
        spread = float(weights @ (truth - center) ** 2)
        return {
            "rmse": float(np.sqrt(squares / total)),
            "mae": float(weights @ absolute / total),
            "r2": 1 - squares / spread if spread else np.nan,
        }

    return measure


def _binary(actual: NDArray[np.bool_], probability: Floats, decided: NDArray[np.bool_]) -> Weighted:
    ranking = _ranking(actual, probability)

    def measure(weights: Floats) -> dict[str, float]:
        roc_auc, pr_auc = ranking(weights)
        return {
            "roc_auc": roc_auc,
            "pr_auc": pr_auc,
            "f1": _f1(actual, decided, weights),
            "accuracy": float(weights @ (actual == decided) / weights.sum()),
        }

    return measure


def _multiclass(truth: NDArray[np.int64], probabilities: Floats, decided: NDArray[np.intp]) -> Weighted:
    labels = range(probabilities.shape[1])
    rankings = [_ranking(truth == label, probabilities[:, label]) for label in labels]
    given = probabilities[np.arange(len(truth)), truth]
    losses = -np.log(np.clip(given, np.finfo(np.float64).eps, 1))

    def measure(weights: Floats) -> dict[str, float]:
        total = weights.sum()
        there = [label for label in labels if weights @ (truth == label)]
        return {
            "accuracy": float(weights @ (truth == decided) / total),
            "macro_f1": float(np.mean([_f1(truth == label, decided == label, weights) for label in there])),
            "macro_roc_auc": _mean([ranking(weights)[0] for ranking in rankings]),
            "log_loss": float(weights @ losses / total),
        }

    return measure


def _f1(actual: NDArray[np.bool_], decided: NDArray[np.bool_], weights: Floats) -> float:
    """NaN where no row is of the label; 0 where none is found."""
    if not weights @ actual:
        return np.nan
    return float(2 * (weights @ (actual & decided)) / (weights @ actual + weights @ decided))


def _ranking(actual: NDArray[np.bool_], score: Floats) -> Callable[[Floats], tuple[float, float]]:
    """ROC-AUC and average precision by weights; NaN where a side has no weight."""
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(score[order]) != 0))
    hits = actual[order]

    def measure(weights: Floats) -> tuple[float, float]:
        sorted_weights = weights[order]
        found = np.add.reduceat(sorted_weights * hits, starts)
        alarms = np.add.reduceat(sorted_weights * ~hits, starts)
        n_found, n_alarms = found.sum(), alarms.sum()
        if not n_found or not n_alarms:
            return np.nan, np.nan
        above = np.cumsum(found)
        roc_auc = float(alarms @ (above - found / 2)) / (n_found * n_alarms)
        precision = above / np.maximum(above + np.cumsum(alarms), 1)
        return roc_auc, float(found @ precision) / n_found

    return measure


def _mean(values: list[float]) -> float:
    defined = [one for one in values if np.isfinite(one)]
    return float(np.mean(defined)) if defined else np.nan
