"""What a model is worth: its metrics on one split, and the numbers that the report draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

from app.bundle.manifest import Task
from app.bundle.outputs import decide
from training.data.histogram import Histogram, histogram
from training.data.table import evenly

MAX_CURVE_POINTS = 200
MAX_PAIRS = 800
N_CALIBRATION_BINS = 10
N_RESIDUAL_BINS = 41

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class LabelScore:
    """One label against all others; None, or no points, where the split or the answers leave a number undefined.

    `roc` holds (false positive rate, true positive rate), `precision_recall` (recall, precision), both ascending.
    """

    label: str
    support: int
    precision: float | None
    recall: float | None
    f1: float | None
    roc_auc: float | None
    pr_auc: float | None
    roc: Points
    precision_recall: Points


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Of `count` rows with a mean predicted probability of `predicted`, the share `observed` turned out so."""

    predicted: float
    observed: float
    count: int


@dataclass(frozen=True, slots=True)
class Residuals:
    """Actual minus predicted, in the target's unit; `pairs` holds (actual, predicted) of an even choice of rows."""

    pairs: Points
    histogram: Histogram
    half_within: float
    ninety_percent_within: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One split's metrics, all finite, and what is drawn of them; what the task has no use for is empty.

    `confusion` counts rows by actual label (outer) and predicted label (inner). `calibration` is of the second
    label's probability where there are two, else of the predicted label's.
    """

    n_rows: int
    metrics: dict[str, float]
    scores: tuple[LabelScore, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    calibration: tuple[CalibrationBin, ...] = ()
    residuals: Residuals | None = None


def evaluate(
    task: Task,
    labels: Sequence[str] | None,
    truth: NDArray[Any],
    predictions: NDArray[np.float64],
    threshold: float = 0.5,
) -> Evaluation:
    """Compare predictions, decided by the threshold where they are binary, with the truth of the same rows.

    `predictions` is float64 of shape (n_rows, n_labels), probabilities in label order, or (n_rows, 1), values;
    `truth` is int64 label indices or float64 values. A metric that the split leaves undefined (a label without
    rows, a constant target) has no key. Raises ValueError for no rows, other shapes, or predictions not finite.
    """
    expected = (len(truth), len(labels) if labels else 1)
    if not len(truth) or predictions.shape != expected:
        raise ValueError(f"predictions need one row or more and the shape {expected}, received {predictions.shape}")
    if not np.isfinite(predictions).all():
        bad = int((~np.isfinite(predictions)).any(axis=1).sum())
        raise ValueError(f"predictions must be finite, received {bad} of {len(truth)} rows that are not")
    if labels is None:
        return _evaluate_values(truth, predictions[:, 0])
    return _evaluate_labels(task, labels, truth, predictions, threshold)


def baseline(task: Task, train_truth: NDArray[Any], n_labels: int, n_rows: int) -> NDArray[np.float64]:
    """What one would answer knowing the train split's target alone: the labels' shares, or the mean value.

    Float64 of shape (n_rows, n_labels) or (n_rows, 1), every row alike; decided, it is the most frequent label.
    """
    if task == "regression":
        return np.full((n_rows, 1), train_truth.mean())
    shares = np.bincount(train_truth, minlength=n_labels) / len(train_truth)
    return np.tile(shares, (n_rows, 1))


def _evaluate_values(truth: NDArray[np.float64], values: NDArray[np.float64]) -> Evaluation:
    errors = truth - values
    within = np.quantile(np.abs(errors), (0.5, 0.9))
    shown = evenly(len(truth), MAX_PAIRS)
    metrics = {
        "rmse": sk.root_mean_squared_error(truth, values),
        "mae": sk.mean_absolute_error(truth, values),
        "r2": sk.r2_score(truth, values) if truth.min() < truth.max() else None,
    }
    residuals = Residuals(
        pairs=_points(truth[shown], values[shown]),
        histogram=histogram(errors, N_RESIDUAL_BINS),
        half_within=float(within[0]),
        ninety_percent_within=float(within[1]),
    )
    return Evaluation(len(truth), _defined(metrics), residuals=residuals)


def _evaluate_labels(
    task: Task, labels: Sequence[str], truth: NDArray[np.int64], probabilities: NDArray[np.float64], threshold: float
) -> Evaluation:
    decided = decide(probabilities, threshold)
    every = np.arange(len(labels))
    scores = _label_scores(labels, truth, decided, probabilities)
    if task == "binary":
        chosen, happened = probabilities[:, 1], truth == 1
        metrics = _binary_metrics(scores[1], truth, probabilities[:, 1])
    else:
        chosen, happened = probabilities.max(axis=1), truth == decided
        metrics = _macro_metrics(scores, truth, decided)
    calibration = _calibration(chosen, happened)
    metrics |= {
        "accuracy": sk.accuracy_score(truth, decided),
        "log_loss": sk.log_loss(truth, probabilities, labels=every),
        "calibration_error": sum(one.count * abs(one.predicted - one.observed) for one in calibration) / len(truth),
    }
    confusion = sk.confusion_matrix(truth, decided, labels=every)
    return Evaluation(
        len(truth), _defined(metrics), scores, tuple(tuple(row) for row in confusion.tolist()), calibration
    )


def _binary_metrics(
    positive: LabelScore, truth: NDArray[np.int64], probability: NDArray[np.float64]
) -> dict[str, float | None]:
    return {
        "precision": positive.precision,
        "recall": positive.recall,
        "f1": positive.f1,
        "roc_auc": positive.roc_auc,
        "pr_auc": positive.pr_auc,
        "brier": float(np.mean((probability - truth) ** 2)),
    }


def _macro_metrics(
    scores: Sequence[LabelScore], truth: NDArray[np.int64], decided: NDArray[np.intp]
) -> dict[str, float | None]:
    """Means over the labels that the split holds; one that is never predicted counts with a precision of 0."""
    precision, recall, f1, _ = sk.precision_recall_fscore_support(
        truth, decided, labels=np.unique(truth), average="macro", zero_division=0
    )
    return {
        "macro_precision": precision,
        "macro_recall": recall,
        "macro_f1": f1,
        "macro_roc_auc": _mean(one.roc_auc for one in scores),
        "macro_pr_auc": _mean(one.pr_auc for one in scores),
    }


def _label_scores(
    labels: Sequence[str], truth: NDArray[np.int64], decided: NDArray[np.intp], probabilities: NDArray[np.float64]
) -> tuple[LabelScore, ...]:
    every = np.arange(len(labels))
    columns = sk.precision_recall_fscore_support(truth, decided, labels=every, zero_division=np.nan)
    scores = []
    for index, label in enumerate(labels):
        precision, recall, f1, support = (column[index] for column in columns)
        actual, probability = truth == index, probabilities[:, index]
        ranks = 0 < support < len(truth)
        scores.append(
            LabelScore(
                label=label,
                support=int(support),
                precision=_finite(precision),
                recall=_finite(recall),
                f1=_finite(f1),
                roc_auc=float(sk.roc_auc_score(actual, probability)) if ranks else None,
                pr_auc=float(sk.average_precision_score(actual, probability)) if ranks else None,
                roc=_roc(actual, probability) if ranks else (),
                precision_recall=_precision_recall(actual, probability) if ranks else (),
            )
        )
    return tuple(scores)


def _roc(actual: NDArray[np.bool_], probability: NDArray[np.float64]) -> Points:
    false_positive_rate, true_positive_rate, _ = sk.roc_curve(actual, probability)
    return _thinned(false_positive_rate, true_positive_rate)


def _precision_recall(actual: NDArray[np.bool_], probability: NDArray[np.float64]) -> Points:
    precision, recall, _ = sk.precision_recall_curve(actual, probability, drop_intermediate=True)
    precision, recall = precision[::-1][recall[::-1] > 0], recall[::-1][recall[::-1] > 0]
    return _thinned(np.append(0.0, recall), np.append(precision[0], precision))


def _calibration(predicted: NDArray[np.float64], happened: NDArray[np.bool_]) -> tuple[CalibrationBin, ...]:
    bins = np.minimum((predicted * N_CALIBRATION_BINS).astype(np.int64), N_CALIBRATION_BINS - 1)
    return tuple(
        CalibrationBin(float(predicted[inside].mean()), float(happened[inside].mean()), int(inside.sum()))
        for inside in (bins == index for index in np.unique(bins))
    )


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> Points:
    kept = evenly(len(x), MAX_CURVE_POINTS)
    return _points(x[kept], y[kept])


def _points(x: NDArray[np.float64], y: NDArray[np.float64]) -> Points:
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def _mean(values: Any) -> float | None:
    defined = [one for one in values if one is not None]
    return sum(defined) / len(defined) if defined else None


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _defined(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items() if value is not None}
