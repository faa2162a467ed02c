"""Evaluation of predictions on one split: the metrics, and the numbers that the report draws."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

from app.bundle.manifest import Task
from app.bundle.outputs import decide
from training.data.histogram import ValueHistogram, histogram
from training.data.table import evenly_spaced

MAX_CURVE_POINTS = 200
MAX_PAIRS = 800
N_CALIBRATION_BINS = 10
N_RESIDUAL_BINS = 41

Points = tuple[tuple[float, float], ...]
"""Pairs of (x, y)."""


@dataclass(frozen=True, slots=True)
class LabelMetrics:
    """One label against all others; None, or no points, where a metric is undefined on the split.

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
    """A bin of a reliability diagram: `count` rows, their mean predicted probability and the observed share."""

    predicted: float
    observed: float
    count: int


@dataclass(frozen=True, slots=True)
class Residuals:
    """Actual minus predicted, in the target's unit.

    `pairs` holds (actual, predicted) of evenly spaced rows; half and 90 % of the absolute residuals are within
    `half_within` and `ninety_percent_within`.
    """

    pairs: Points
    histogram: ValueHistogram
    half_within: float
    ninety_percent_within: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One split's metrics, all finite, and the numbers to draw; what does not apply to the task is empty.

    `confusion` counts rows by actual label (outer) and predicted label (inner). `calibration` is of the second
    label's probability where there are two labels, else of the predicted label's.
    """

    n_rows: int
    metrics: dict[str, float]
    scores: tuple[LabelMetrics, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    calibration: tuple[CalibrationBin, ...] = ()
    residuals: Residuals | None = None


def evaluate_predictions(
    task: Task,
    labels: Sequence[str] | None,
    truth: NDArray[Any],
    predictions: NDArray[np.float64],
    threshold: float = 0.5,
) -> Evaluation:
    """Compare the predictions for some rows with the truth; the threshold decides binary ones.

    `predictions` is float64 of shape (n_rows, n_labels), probabilities in label order, or (n_rows, 1), values;
    `truth` is int64 label indices or float64 values of shape (n_rows,). A metric that is undefined on the split (a
    label without rows, a constant target) has no key. Raises ValueError where there are no rows, the shapes differ,
    or a prediction is not finite.
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


def baseline_predictions(task: Task, train_truth: NDArray[Any], n_labels: int, n_rows: int) -> NDArray[np.float64]:
    """Return the best constant prediction: the labels' shares in the train split, or the mean of its target.

    Float64 of shape (n_rows, n_labels) or (n_rows, 1), as scikit-learn's dummy estimators with strategy `prior` and
    `mean`.
    """
    if task == "regression":
        return np.full((n_rows, 1), train_truth.mean())
    shares = np.bincount(train_truth, minlength=n_labels) / len(train_truth)
    return np.tile(shares, (n_rows, 1))


def _evaluate_values(truth: NDArray[np.float64], values: NDArray[np.float64]) -> Evaluation:
    residuals = truth - values
    within = np.quantile(np.abs(residuals), (0.5, 0.9))
    shown = evenly_spaced(len(truth), MAX_PAIRS)
    metrics = {
        "rmse": sk.root_mean_squared_error(truth, values),
        "mae": sk.mean_absolute_error(truth, values),
        "r2": sk.r2_score(truth, values) if truth.min() < truth.max() else None,
    }
    return Evaluation(
        n_rows=len(truth),
        metrics=_defined(metrics),
        residuals=Residuals(
            pairs=_points(truth[shown], values[shown]),
            histogram=histogram(residuals, N_RESIDUAL_BINS),
            half_within=float(within[0]),
            ninety_percent_within=float(within[1]),
        ),
    )


def _evaluate_labels(
    task: Task, labels: Sequence[str], truth: NDArray[np.int64], probabilities: NDArray[np.float64], threshold: float
) -> Evaluation:
    decided = decide(probabilities, threshold)
    indices = np.arange(len(labels))
    scores = _label_metrics(labels, truth, decided, probabilities)
    if task == "binary":
        predicted, happened = probabilities[:, 1], truth == 1
        metrics = _binary_metrics(scores[1], truth, probabilities[:, 1])
    else:
        predicted, happened = probabilities.max(axis=1), truth == decided
        metrics = _macro_metrics(scores, truth, decided)
    calibration = _calibration_bins(predicted, happened)
    metrics |= {
        "accuracy": sk.accuracy_score(truth, decided),
        "log_loss": sk.log_loss(truth, probabilities, labels=indices),
        "calibration_error": _expected_calibration_error(calibration, len(truth)),
    }
    confusion = sk.confusion_matrix(truth, decided, labels=indices)
    return Evaluation(
        len(truth), _defined(metrics), scores, tuple(tuple(row) for row in confusion.tolist()), calibration
    )


def _binary_metrics(
    positive: LabelMetrics, truth: NDArray[np.int64], probability: NDArray[np.float64]
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
    scores: Sequence[LabelMetrics], truth: NDArray[np.int64], decided: NDArray[np.intp]
) -> dict[str, float | None]:
    """Return means over the labels that occur in the split; one that is never predicted has a precision of 0."""
    precision, recall, f1, _ = sk.precision_recall_fscore_support(
        truth, decided, labels=np.unique(truth), average="macro", zero_division=0
    )
    return {
        "macro_precision": precision,
        "macro_recall": recall,
        "macro_f1": f1,
        "macro_roc_auc": _mean(score.roc_auc for score in scores),
        "macro_pr_auc": _mean(score.pr_auc for score in scores),
    }


def _label_metrics(
    labels: Sequence[str], truth: NDArray[np.int64], decided: NDArray[np.intp], probabilities: NDArray[np.float64]
) -> tuple[LabelMetrics, ...]:
    indices = np.arange(len(labels))
    columns = sk.precision_recall_fscore_support(truth, decided, labels=indices, zero_division=np.nan)
    scores = []
    for index, label in enumerate(labels):
        precision, recall, f1, support = (column[index] for column in columns)
        actual, probability = truth == index, probabilities[:, index]
        ranked = 0 < support < len(truth)
        scores.append(
            LabelMetrics(
                label=label,
                support=int(support),
                precision=_finite(precision),
                recall=_finite(recall),
                f1=_finite(f1),
                roc_auc=float(sk.roc_auc_score(actual, probability)) if ranked else None,
                pr_auc=float(sk.average_precision_score(actual, probability)) if ranked else None,
                roc=_roc(actual, probability) if ranked else (),
                precision_recall=_precision_recall(actual, probability) if ranked else (),
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


def _calibration_bins(predicted: NDArray[np.float64], happened: NDArray[np.bool_]) -> tuple[CalibrationBin, ...]:
    """Return the bins of equal width that hold a row, ascending."""
    bins = np.minimum((predicted * N_CALIBRATION_BINS).astype(np.int64), N_CALIBRATION_BINS - 1)
    return tuple(
        CalibrationBin(float(predicted[inside].mean()), float(happened[inside].mean()), int(inside.sum()))
        for inside in (bins == index for index in np.unique(bins))
    )


def _expected_calibration_error(bins: Sequence[CalibrationBin], n_rows: int) -> float:
    """Return the mean over rows of the gap between predicted and observed in their bin (Naeini et al., 2015)."""
    return sum(a_bin.count * abs(a_bin.predicted - a_bin.observed) for a_bin in bins) / n_rows


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> Points:
    kept = evenly_spaced(len(x), MAX_CURVE_POINTS)
    return _points(x[kept], y[kept])


def _points(x: NDArray[np.float64], y: NDArray[np.float64]) -> Points:
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def _mean(values: Iterable[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _defined(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items() if value is not None}
