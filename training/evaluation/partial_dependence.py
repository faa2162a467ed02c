"""Partial dependence: the mean answer when every row is given the same value of a feature (Friedman, 2001)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.preprocessor import Columns
from app.bundle.transforms import Feature, Tensors
from training.data.kinds import KINDS
from training.data.normalize import Prepared
from training.data.table import Table, evenly_spaced, take_rows
from training.evaluation.importance import Importance
from training.evaluation.trained_model import TrainedModel

MAX_FEATURES = 6
MAX_ROWS = 300


@dataclass(frozen=True, slots=True)
class PartialDependence:
    """The mean answer at each of a feature's values.

    An answer holds one probability per label, or the value alone: n_outputs numbers. `missing` is the mean answer where
    the feature's cell is missing, None where it may not be.
    """

    feature: str
    values: tuple[Any, ...]
    means: tuple[tuple[float, ...], ...]
    missing: tuple[float, ...] | None


def partial_dependences(model: TrainedModel, importances: Sequence[Importance]) -> list[PartialDependence]:
    """Return the partial dependence of at most MAX_FEATURES features, the most important first.

    It is computed over rows of the validation split. Features that do not matter, or whose kind has no grid of
    values, are skipped; without importances the features come in the table's order.
    """
    table, validation, preprocessor = model.table, model.splits.validation, model.prepared.preprocessor
    rows = validation[evenly_spaced(len(validation), MAX_ROWS)]
    columns = preprocessor.read(take_rows(table.columns, rows))
    tensors = preprocessor.normalize(preprocessor.vectorize(columns))

    def mean_answer(feature: Feature, cell: Any) -> tuple[float, ...]:
        changed = tensors | _tensors(feature, [cell] * len(rows), columns, model.prepared)
        return tuple(model.answer(changed).mean(axis=0).tolist())

    dependences = []
    for feature, grid in _grids(table, model.splits.train, importances):
        cells = preprocessor.read({feature.name: grid})[feature.name]
        means = tuple(mean_answer(feature, cell) for cell in cells)
        missing = mean_answer(feature, None) if feature.nullable else None
        dependences.append(PartialDependence(feature.name, tuple(grid), means, missing))
        if len(dependences) == MAX_FEATURES:
            break
    return dependences


def _grids(
    table: Table, train: NDArray[np.int64], importances: Sequence[Importance]
) -> Iterator[tuple[Feature, Sequence[Any]]]:
    """Yield each feature that matters with its grid of values, skipping the features that have none."""
    features = {feature.name: feature for feature in table.features}
    names = [importance.feature for importance in importances if importance.drop > 0] if importances else features
    for name in names:
        cells = take_rows({name: table.columns[name]}, train)[name]
        grid = KINDS[features[name].kind].grid(cells)
        if grid:
            yield features[name], grid


def _tensors(feature: Feature, cells: Sequence[Any], columns: Columns, prepared: Prepared) -> Tensors:
    """Return the tensors of the feature's kind with the feature's own cells replaced."""
    transform = prepared.preprocessor.transforms[feature.kind]
    names = [other.name for other in prepared.features if other.kind == feature.kind]
    return transform.normalize(
        transform.vectorize([cells if name == feature.name else columns[name] for name in names])
    )
