"""Metrics by segment: what the model is worth to each group of rows, and how far apart the groups are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import Task
from training.data.segments import Cells
from training.evaluation.group_metrics import Measure, measures
from training.evaluation.groups import MIN_ROWS, Group, groups
from training.evaluation.intervals import LEVEL, Estimate, bootstrap
from training.evaluation.weighted_metrics import headline

PERMUTATIONS = 500
METRICS: dict[Task, tuple[str, ...]] = {
    "binary": ("roc_auc", "pr_auc", "f1"),
    "multiclass": ("macro_f1", "macro_roc_auc", "log_loss"),
    "regression": ("rmse",),
}
"""Headline metrics told beside the measures."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Segment:
    """One group's estimates by the names of measures and metrics; none where it has too few rows to tell."""

    name: str
    is_value: bool
    n_rows: int
    estimates: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Gap:
    """How far groups are apart, and how far chance alone parts groups of these sizes in 19 of 20 shuffles."""

    title: str
    meaning: str
    value: float
    by_chance: float
    is_ratio: bool = False

    @property
    def beyond_chance(self) -> bool:
        """Whether the groups are farther apart than that."""
        return self.value < self.by_chance if self.is_ratio else self.value > self.by_chance


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The test rows by one column of the data file."""

    column: str
    segments: tuple[Segment, ...]
    gaps: tuple[Gap, ...]


def segment(
    task: Task,
    columns: Mapping[str, Cells],
    truth: NDArray[Any],
    answers: Floats,
    threshold: float,
    seed: int,
) -> list[Segmentation]:
    """One a column, of cells as `training.data.segments.read_segment_cells` reads them, a cell an answer.

    `truth` and `answers` are as `training.evaluation.evaluate.evaluate` takes them.
    """
    measured = measures(task, truth, answers, threshold)

    def describe(group: Group) -> Segment:
        estimates: dict[str, Estimate] = {}
        rows = group.rows
        if len(rows) >= MIN_ROWS:
            found = {name: one.of(rows) for name, one in measured.items()}
            estimates |= {name: one for name, one in found.items() if one is not None}
            metrics = bootstrap(headline(task, truth[rows], answers[rows], threshold), len(rows), seed)
            estimates |= {name: metrics[name] for name in METRICS[task] if name in metrics}
        return Segment(group.name, group.is_value, len(rows), estimates)

    found = []
    for column, cells in columns.items():
        parts = groups(cells)
        judged = [one.rows for one in parts if len(one.rows) >= MIN_ROWS]
        found.append(Segmentation(column, tuple(map(describe, parts)), tuple(_gaps(measured, judged, seed))))
    return found


def _spread(means: Floats) -> Floats:
    return np.asarray(means.max(axis=-1) - means.min(axis=-1))


def _ratio(means: Floats) -> Floats:
    """The smallest by the largest; NaN where all are 0."""
    largest = means.max(axis=-1)
    return np.asarray(np.where(largest > 0, means.min(axis=-1) / np.where(largest > 0, largest, 1), np.nan))


def _other_ratio(means: Floats) -> Floats:
    return _ratio(1 - means)


_APART: tuple[tuple[str, Callable[[Floats], Floats], str, str], ...] = (
    ("selection_rate", _spread, "Demographic parity difference", "largest minus smallest selection rate"),
    ("selection_rate", _ratio, "Demographic parity ratio", "smallest by largest selection rate"),
    ("selection_rate", _other_ratio, "Ratio for the other label", "smallest by largest share not selected"),
    ("true_positive_rate", _spread, "Equal opportunity difference", "largest minus smallest true positive rate"),
    ("false_positive_rate", _spread, "False positive rate difference", "largest minus smallest false positive rate"),
    ("calibration_gap", _spread, "Calibration difference", "largest minus smallest calibration gap"),
    ("accuracy", _spread, "Accuracy difference", "largest minus smallest accuracy"),
    ("mean_error", _spread, "Mean error difference", "largest minus smallest mean error"),
    ("mae", _spread, "MAE difference", "largest minus smallest mean absolute error"),
)
"""What tells groups apart; the first and the fourth, and the ratio, are those that fairlearn names so."""


def _gaps(measured: Mapping[str, Measure], judged: Sequence[NDArray[np.int64]], seed: int) -> list[Gap]:
    """Every gap that two groups or more define."""
    means = {name: _means(one, judged, seed) for name, one in measured.items()}
    found = []
    for name, apart, title, meaning in _APART:
        if name not in means:
            continue
        observed, shuffled = means[name]
        value = float(apart(observed)) if observed.size > 1 else np.nan
        if np.isfinite(value):
            is_ratio = apart is not _spread
            by_chance = float(np.nanquantile(apart(shuffled), 1 - LEVEL if is_ratio else LEVEL))
            found.append(Gap(title, meaning, value, by_chance, is_ratio))
    return found


def _means(measure: Measure, judged: Sequence[NDArray[np.int64]], seed: int) -> tuple[Floats, Floats]:
    """Each group's mean, of shape (n_groups,), and those of shuffled rows, of shape (PERMUTATIONS, n_groups)."""
    about = [rows[measure.about[rows]] for rows in judged]
    about = [rows for rows in about if rows.size]
    if not about:
        return np.empty(0), np.empty((PERMUTATIONS, 0))
    values = measure.values[np.concatenate(about)].astype(np.float64)
    sizes = np.array([len(rows) for rows in about])
    starts = np.append(0, np.cumsum(sizes)[:-1])
    random = np.random.default_rng(seed)
    shuffled = np.stack([np.add.reduceat(random.permutation(values), starts) for _ in range(PERMUTATIONS)])
    return np.add.reduceat(values, starts) / sizes, shuffled / sizes
