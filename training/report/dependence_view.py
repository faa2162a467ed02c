"""How partial dependence is shown: a line where a feature's values are numbers, bars where they are not."""

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
    """A value of the feature, the mean answers there, and the first of them between the scale's ends, from 0 to 1."""

    value: str
    answers: tuple[str, ...]
    share: float


@dataclass(frozen=True, slots=True)
class DependenceView:
    """One feature's partial dependence; `outputs` are the labels that its answers are probabilities of."""

    feature: str
    outputs: tuple[str, ...]
    plot: Markup | None
    rows: tuple[DependenceRow, ...]


def view_dependences(
    task: Task, labels: Sequence[str] | None, supports: Sequence[int], dependences: Sequence[PartialDependence]
) -> list[DependenceView]:
    """One a feature, all on one scale: of two labels the second's probability, of many the most frequent ones'.

    `supports` is the number of rows a label.
    """
    chosen = _outputs(task, supports)
    outputs = tuple(labels[index] for index in chosen) if labels else ()
    every = [mean[index] for one in dependences for mean in _means(one) for index in chosen]
    ends = (min(every), max(every)) if every else (0.0, 0.0)
    return [
        DependenceView(
            feature=one.feature,
            outputs=outputs,
            plot=_plot(one, chosen, ends) if len(one.values) > 1 and _are_numbers(one) else None,
            rows=tuple(_rows(one, chosen, ends)),
        )
        for one in dependences
    ]


def _outputs(task: Task, supports: Sequence[int]) -> list[int]:
    """Positions of the answers that are shown."""
    if task == "regression":
        return [0]
    if task == "binary":
        return [1]
    return sorted(sorted(range(len(supports)), key=lambda index: -supports[index])[:MAX_OUTPUTS])


def _means(one: PartialDependence) -> list[tuple[float, ...]]:
    return [*one.means, *([one.missing] if one.missing else [])]


def _are_numbers(one: PartialDependence) -> bool:
    return all(isinstance(value, float) for value in one.values)


def _plot(one: PartialDependence, chosen: Sequence[int], ends: tuple[float, float]) -> Markup:
    curves = [
        (tuple((value, mean[index]) for value, mean in zip(one.values, one.means, strict=True)), series)
        for series, index in enumerate(chosen)
    ]
    missing = [one.missing[index] for index in chosen] if one.missing else []
    return plots.partial_dependence(curves, missing, ends)


def _rows(one: PartialDependence, chosen: Sequence[int], ends: tuple[float, float]) -> list[DependenceRow]:
    names = [shown(value) for value in one.values] + (["missing"] if one.missing else [])
    low, high = min(0.0, ends[0]), ends[1]
    return [
        DependenceRow(
            name,
            tuple(fixed(mean[index]) for index in chosen),
            (mean[chosen[0]] - low) / (high - low) if high > low else 0.0,
        )
        for name, mean in zip(names, _means(one), strict=True)
    ]
