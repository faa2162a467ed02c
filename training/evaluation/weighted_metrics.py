"""The headline metrics of weighted rows: sorted once, then cheap, since a bootstrap computes them many times."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import Task
from app.bundle.outputs import decide
from training.evaluation.intervals import WeightedMetrics

Floats = NDArray[np.float64]


def headline_metrics(task: Task, truth: NDArray[Any], predictions: Floats, threshold: float) -> WeightedMetrics:
    """Return the metrics of `training.evaluation.metrics.HEADLINE` as a function of the rows' weights.

    `truth` and `predictions` are as `training.evaluation.evaluate.evaluate_predictions` takes them; with weights of 1
    the metrics are the same. NaN where a metric is undefined.
    """
    if task == "regression":
        return _regression(truth, predictions[:, 0])
    decided = decide(predictions, threshold)
    if task == "binary":
        return _binary(truth == 1, predictions[:, 1], decided == 1)
    return _multiclass(truth, predictions, decided)


def _regression(truth: Floats, values: Floats) -> WeightedMetrics:
    absolute = np.abs(truth - values)

    def metrics(weights: Floats) -> dict[str, float]:
        total = weights.sum()
        residual_squares = float(weights @ absolute**2)
        mean = weights @ truth / total
        total_squares = float(weights @ (truth - mean) ** 2)
        return {
            "rmse": float(np.sqrt(residual_squares / total)),
            "mae": float(weights @ absolute / total),
            "r2": 1 - residual_squares / total_squares if total_squares else np.nan,
        }

    return metrics


def _binary(actual: NDArray[np.bool_], probability: Floats, decided: NDArray[np.bool_]) -> WeightedMetrics:
    ranking = _ranking(actual, probability)

    def metrics(weights: Floats) -> dict[str, float]:
        roc_auc, pr_auc = ranking(weights)
        return {
            "roc_auc": roc_auc,
            "pr_auc": pr_auc,
            "f1": _f1(actual, decided, weights),
            "accuracy": float(weights @ (actual == decided) / weights.sum()),
        }

    return metrics


def _multiclass(truth: NDArray[np.int64], probabilities: Floats, decided: NDArray[np.intp]) -> WeightedMetrics:
    labels = range(probabilities.shape[1])
    rankings = [_ranking(truth == label, probabilities[:, label]) for label in labels]
    of_truth = probabilities[np.arange(len(truth)), truth]
    losses = -np.log(np.clip(of_truth, np.finfo(np.float64).eps, 1))

    def metrics(weights: Floats) -> dict[str, float]:
        total = weights.sum()
        present = [label for label in labels if weights @ (truth == label)]
        return {
            "accuracy": float(weights @ (truth == decided) / total),
            "macro_f1": float(np.mean([_f1(truth == label, decided == label, weights) for label in present])),
            "macro_roc_auc": _mean([ranking(weights)[0] for ranking in rankings]),
            "log_loss": float(weights @ losses / total),
        }

    return metrics


def _f1(actual: NDArray[np.bool_], decided: NDArray[np.bool_], weights: Floats) -> float:
    """Return F1; NaN where no row has the label, 0 where none of those that have it is found."""
    if not weights @ actual:
        return np.nan
    return float(2 * (weights @ (actual & decided)) / (weights @ actual + weights @ decided))


def _ranking(actual: NDArray[np.bool_], score: Floats) -> Callable[[Floats], tuple[float, float]]:
    """Return ROC-AUC and average precision as a function of weights; NaN where a class has no weight."""
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(score[order]) != 0))
    positive = actual[order]

    def metrics(weights: Floats) -> tuple[float, float]:
        sorted_weights = weights[order]
        true_positives = np.add.reduceat(sorted_weights * positive, starts)
        false_positives = np.add.reduceat(sorted_weights * ~positive, starts)
        n_positive, n_negative = true_positives.sum(), false_positives.sum()
        if not n_positive or not n_negative:
            return np.nan, np.nan
        cumulative = np.cumsum(true_positives)
        roc_auc = float(false_positives @ (cumulative - true_positives / 2)) / (n_positive * n_negative)
        precision = cumulative / np.maximum(cumulative + np.cumsum(false_positives), 1)
        return roc_auc, float(true_positives @ precision) / n_positive

    return metrics


def _mean(values: list[float]) -> float:
    defined = [value for value in values if np.isfinite(value)]
    return float(np.mean(defined)) if defined else np.nan
