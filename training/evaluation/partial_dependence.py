"""Partial dependence: the mean answer where all rows have the same value of one feature (Friedman, 2001)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.preprocessor import Columns
from app.bundle.transforms import Feature, Tensors
from training.data.kinds import KINDS
from training.data.normalize import Prepared
from training.data.table import Table, evenly, take
from training.evaluation.importance import Importance
from training.evaluation.trained_model import TrainedModel

MAX_FEATURES = 6
MAX_ROWS = 300


@dataclass(frozen=True, slots=True)
class Dependence:
    """The mean answer at each of a feature's values: a probability a label, or the value, of shape (n_outputs,).

    `missing` is the mean answer where the feature's cell is missing, None where it never may be.
    """

    feature: str
    values: tuple[Any, ...]
    means: tuple[tuple[float, ...], ...]
    missing: tuple[float, ...] | None


def partial_dependences(model: TrainedModel, importances: Sequence[Importance]) -> list[Dependence]:
    """Of at most MAX_FEATURES of the features that matter, the most important first, over rows of the validation split.

    Features whose kind has no grid of values are passed over. Without importances the features' order decides.
    """
    table, validation, preprocessor = model.table, model.splits.validation, model.prepared.preprocessor
    rows = validation[evenly(len(validation), MAX_ROWS)]
    columns = preprocessor.read(take(table.columns, rows))
    tensors = preprocessor.normalize(preprocessor.vectorize(columns))

    def mean(feature: Feature, cell: Any) -> tuple[float, ...]:
        changed = tensors | _tensors(feature, [cell] * len(rows), columns, model.prepared)
        return tuple(model.answer(changed).mean(axis=0).tolist())

    found = []
    for feature, grid in _grids(table, model.splits.train, importances):
        read = preprocessor.read({feature.name: grid})[feature.name]
        missing = mean(feature, None) if feature.nullable else None
        found.append(Dependence(feature.name, tuple(grid), tuple(mean(feature, cell) for cell in read), missing))
        if len(found) == MAX_FEATURES:
            break
    return found


def _grids(
    table: Table, train: NDArray[np.int64], importances: Sequence[Importance]
) -> Iterator[tuple[Feature, Sequence[Any]]]:
    """Each feature that matters, and the values to try of it, where its kind can tell any."""
    features = {one.name: one for one in table.features}
    for name in [one.feature for one in importances if one.drop > 0] if importances else features:
        cells = take({name: table.columns[name]}, train)[name]
        grid = KINDS[features[name].kind].grid(cells)
        if grid:
            yield features[name], grid


def _tensors(feature: Feature, cells: Sequence[Any], columns: Columns, prepared: Prepared) -> Tensors:
    """The tensors of the feature's kind alone, its own cells replaced."""
    transform = prepared.preprocessor.transforms[feature.kind]
    names = [one.name for one in prepared.features if one.kind == feature.kind]
    return transform.normalize(transform.vectorize([cells if one == feature.name else columns[one] for one in names]))
