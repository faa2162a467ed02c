"""Metrics by segment: how well the model does for each group of rows, and how far the groups differ."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import Task
from training.data.segments import Cells
from training.evaluation.group_metrics import GroupMetric, group_metrics
from training.evaluation.groups import MIN_ROWS, Group, group_rows
from training.evaluation.intervals import LEVEL, Estimate, bootstrap_intervals
from training.evaluation.weighted_metrics import headline_metrics

PERMUTATIONS = 500
METRICS: dict[Task, tuple[str, ...]] = {
    "binary": ("roc_auc", "pr_auc", "f1"),
    "multiclass": ("macro_f1", "macro_roc_auc", "log_loss"),
    "regression": ("rmse",),
}
"""Headline metrics that are shown beside the group metrics."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Segment:
    """One group's estimates by the names of group metrics and metrics; empty where the group is too small."""

    name: str
    is_value: bool
    n_rows: int
    estimates: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Gap:
    """How far the groups differ, and how far random groups of the same sizes differ in 95 % of permutations."""

    title: str
    meaning: str
    value: float
    by_chance: float
    is_ratio: bool = False

    @property
    def beyond_chance(self) -> bool:
        """True where the groups differ more than that; the smaller a ratio, the larger the difference."""
        return self.value < self.by_chance if self.is_ratio else self.value > self.by_chance


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The test rows grouped by one column of the data file."""

    column: str
    segments: tuple[Segment, ...]
    gaps: tuple[Gap, ...]


def evaluate_segments(
    task: Task,
    columns: Mapping[str, Cells],
    truth: NDArray[Any],
    answers: Floats,
    threshold: float,
    seed: int,
) -> list[Segmentation]:
    """Return one segmentation per column of cells, one per row, as `training.data.segments` reads them.

    `truth` and `answers` are as `training.evaluation.evaluate.evaluate_predictions` takes them.
    """
    metrics = group_metrics(task, truth, answers, threshold)

    def evaluate(group: Group) -> Segment:
        estimates: dict[str, Estimate] = {}
        rows = group.rows
        if len(rows) >= MIN_ROWS:
            defined = {name: metric.estimate(rows) for name, metric in metrics.items()}
            estimates |= {name: estimate for name, estimate in defined.items() if estimate is not None}
            headline = headline_metrics(task, truth[rows], answers[rows], threshold)
            intervals = bootstrap_intervals(headline, len(rows), seed)
            estimates |= {name: intervals[name] for name in METRICS[task] if name in intervals}
        return Segment(group.name, group.is_value, len(rows), estimates)

    segmentations = []
    for column, cells in columns.items():
        groups = group_rows(cells)
        compared = [group.rows for group in groups if len(group.rows) >= MIN_ROWS]
        gaps = _gaps(metrics, compared, seed)
        segmentations.append(Segmentation(column, tuple(map(evaluate, groups)), tuple(gaps)))
    return segmentations


def _difference(means: Floats) -> Floats:
    """Return the largest minus the smallest mean."""
    return np.asarray(means.max(axis=-1) - means.min(axis=-1))


def _ratio(means: Floats) -> Floats:
    """Return the smallest mean divided by the largest; NaN where all are 0."""
    largest = means.max(axis=-1)
    return np.asarray(np.where(largest > 0, means.min(axis=-1) / np.where(largest > 0, largest, 1), np.nan))


def _ratio_of_complements(means: Floats) -> Floats:
    return _ratio(1 - means)


_GAPS: tuple[tuple[str, Callable[[Floats], Floats], str, str], ...] = (
    ("selection_rate", _difference, "Demographic parity difference", "largest minus smallest selection rate"),
    ("selection_rate", _ratio, "Demographic parity ratio", "smallest divided by largest selection rate"),
    (
        "selection_rate",
        _ratio_of_complements,
        "Ratio for the other label",
        "smallest divided by largest share not selected",
    ),
    ("true_positive_rate", _difference, "Equal opportunity difference", "largest minus smallest true positive rate"),
    (
        "false_positive_rate",
        _difference,
        "False positive rate difference",
        "largest minus smallest false positive rate",
    ),
    ("calibration_gap", _difference, "Calibration difference", "largest minus smallest calibration gap"),
    ("accuracy", _difference, "Accuracy difference", "largest minus smallest accuracy"),
    ("mean_error", _difference, "Mean error difference", "largest minus smallest mean error"),
    ("mae", _difference, "MAE difference", "largest minus smallest mean absolute error"),
)
"""Group metric, how groups are compared by it, title, meaning.

Demographic parity difference and ratio and equal opportunity difference are fairlearn's.
"""


def _gaps(metrics: Mapping[str, GroupMetric], compared: Sequence[NDArray[np.int64]], seed: int) -> list[Gap]:
    """Return every gap that is defined between two groups or more."""
    means = {name: _means(metric, compared, seed) for name, metric in metrics.items()}
    gaps = []
    for name, compare, title, meaning in _GAPS:
        if name not in means:
            continue
        observed, permuted = means[name]
        value = float(compare(observed)) if observed.size > 1 else np.nan
        if np.isfinite(value):
            is_ratio = compare is not _difference
            by_chance = float(np.nanquantile(compare(permuted), 1 - LEVEL if is_ratio else LEVEL))
            gaps.append(Gap(title, meaning, value, by_chance, is_ratio))
    return gaps


def _means(metric: GroupMetric, compared: Sequence[NDArray[np.int64]], seed: int) -> tuple[Floats, Floats]:
    """Return each group's mean, of shape (n_groups,), and those of permuted rows, (PERMUTATIONS, n_groups)."""
    applicable = [rows[metric.applies[rows]] for rows in compared]
    applicable = [rows for rows in applicable if rows.size]
    if not applicable:
        return np.empty(0), np.empty((PERMUTATIONS, 0))
    values = metric.values[np.concatenate(applicable)].astype(np.float64)
    sizes = np.array([len(rows) for rows in applicable])
    starts = np.append(0, np.cumsum(sizes)[:-1])
    random = np.random.default_rng(seed)
    permuted = np.stack([np.add.reduceat(random.permutation(values), starts) for _ in range(PERMUTATIONS)])
    return np.add.reduceat(values, starts) / sizes, permuted / sizes
