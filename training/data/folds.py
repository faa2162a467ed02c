"""The folds of a cross-validation: their rows, and the spread of their metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.bundle.display import shorten
from training.config import Config
from training.data.split import check_splits, draw_split
from training.data.table import Splits, Table
from training.errors import InputError


@dataclass(frozen=True, slots=True)
class Spread:
    """A metric's mean over the folds, and its sample standard deviation."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """The number of folds, and each metric that is defined in all of them."""

    folds: int
    metrics: Mapping[str, Spread]


def draw_folds(table: Table, splits: Splits, config: Config) -> list[Splits]:
    """Return the splits of each configured fold, none where no folds are configured.

    The folds' test splits are disjoint and together hold all rows outside the table's test split, stratified by label.
    Of a fold's other rows, the same share as in the table's splits is the validation split. Raises InputError where
    rows may not be drawn at random, or are too few.
    """
    n_folds = config.validation.folds
    if n_folds is None:
        return []
    rows = np.sort(np.concatenate([splits.train, splits.validation]))
    _check(table, rows, n_folds, config)
    fold = _assign(table, rows, n_folds, config.seed)
    share = len(splits.validation) / len(rows)
    folds = []
    for index in range(n_folds):
        others = draw_split(table, rows[fold != index], share, 0, config.seed)
        folds.append(replace(others, test=rows[fold == index]))
        check_splits(table, folds[-1])
    return folds


def summarize_folds(folds: Sequence[Mapping[str, float]]) -> CrossValidation:
    """Return mean and standard deviation of each metric over two folds or more."""
    shared = [name for name in folds[0] if all(name in fold for fold in folds)]
    values = {name: np.array([fold[name] for fold in folds]) for name in shared}
    metrics = {name: Spread(float(value.mean()), float(value.std(ddof=1))) for name, value in values.items()}
    return CrossValidation(len(folds), metrics)


def _assign(table: Table, rows: NDArray[np.int64], n_folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each row, dealing the rows of one label after the other out to the folds in turn."""
    strata = np.zeros(len(rows), dtype=np.int64) if table.labels is None else table.target[rows]
    order = np.random.default_rng(seed).permutation(len(rows))
    order = order[np.argsort(strata[order], kind="stable")]
    fold = np.empty(len(rows), dtype=np.int64)
    fold[order] = np.arange(len(rows)) % n_folds
    return fold


def _check(table: Table, rows: NDArray[np.int64], n_folds: int, config: Config) -> None:
    for key in ("time", "column"):
        if getattr(config.split, key) is not None:
            rule = f"folds are drawn at random and cannot respect split.{key}"
            raise InputError(f"validation.folds: {rule}, received both")
    if len(rows) < n_folds:
        raise InputError(f"validation.folds: there are {len(rows)} rows outside the test split, received {n_folds}")
    for index, label in enumerate(table.labels or ()):
        count = int((table.target[rows] == index).sum())
        if count < n_folds:
            raise InputError(
                f"validation.folds: each fold needs a row of every label, {shorten(label)} has {count} outside the"
                f" test split, received {n_folds}"
            )
