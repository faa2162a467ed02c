"""The view of a partial dependence: a line where the feature's values are numbers, bars where they are not.

Tests: tests/training/report/test_report.py (numbers are drawn, other values are a table)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.bundle.manifest import Task
from training.evaluation.partial_dependence import PartialDependence
from training.formats import fixed, shown
from training.report import plots

MAX_OUTPUTS = 5


@dataclass(frozen=True, slots=True)
class DependenceRow:
    """A value of the feature with the mean answers; `share` places the first on the common scale, from 0 to 1."""

    value: str
    answers: tuple[str, ...]
    share: float


@dataclass(frozen=True, slots=True)
class DependenceView:
    """One feature's partial dependence; `outputs` are the labels whose probabilities are shown, empty for values."""

    feature: str
    outputs: tuple[str, ...]
    plot: Markup | None
    rows: tuple[DependenceRow, ...]


def view_dependences(
    task: Task, labels: Sequence[str] | None, supports: Sequence[int], dependences: Sequence[PartialDependence]
) -> list[DependenceView]:
    """Return one view for each feature, all on one scale.

    Of two labels the second's probability is shown, of more those of the MAX_OUTPUTS most frequent; `supports` is the
    number of rows of each label.
    """
    outputs = _outputs(task, supports)
    names = tuple(labels[index] for index in outputs) if labels else ()
    shown_means = [mean[index] for dependence in dependences for mean in _means(dependence) for index in outputs]
    ends = (min(shown_means), max(shown_means)) if shown_means else (0.0, 0.0)
    return [
        DependenceView(
            feature=dependence.feature,
            outputs=names,
            plot=_plot(dependence, outputs, ends) if len(dependence.values) > 1 and _is_numeric(dependence) else None,
            rows=tuple(_rows(dependence, outputs, ends)),
        )
        for dependence in dependences
    ]


def _outputs(task: Task, supports: Sequence[int]) -> list[int]:
    """Return the positions of the answers to show."""
    if task == "regression":
        return [0]
    if task == "binary":
        return [1]
    return sorted(sorted(range(len(supports)), key=lambda index: -supports[index])[:MAX_OUTPUTS])


def _means(dependence: PartialDependence) -> list[tuple[float, ...]]:
    return [*dependence.means, *([dependence.missing] if dependence.missing else [])]


def _is_numeric(dependence: PartialDependence) -> bool:
    return all(isinstance(value, float) for value in dependence.values)


def _plot(dependence: PartialDependence, outputs: Sequence[int], ends: tuple[float, float]) -> Markup:
    points = list(zip(dependence.values, dependence.means, strict=True))
    curves = [(tuple((value, mean[index]) for value, mean in points), series) for series, index in enumerate(outputs)]
    missing = [dependence.missing[index] for index in outputs] if dependence.missing else []
    return plots.partial_dependence(curves, missing, ends)


def _rows(dependence: PartialDependence, outputs: Sequence[int], ends: tuple[float, float]) -> list[DependenceRow]:
    values = [shown(value) for value in dependence.values] + (["missing"] if dependence.missing else [])
    low, high = min(0.0, ends[0]), ends[1]
    return [
        DependenceRow(
            value,
            tuple(fixed(mean[index]) for index in outputs),
            (mean[outputs[0]] - low) / (high - low) if high > low else 0.0,
        )
        for value, mean in zip(values, _means(dependence), strict=True)
    ]
