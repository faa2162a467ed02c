"""Cross-validation's folds: which rows each is judged on, and how far their metrics spread."""

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
    """A metric's mean over the folds, and its standard deviation as of a sample."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """So many folds, and each metric that is defined in all of them."""

    folds: int
    metrics: Mapping[str, Spread]


def draw_folds(table: Table, splits: Splits, config: Config) -> list[Splits]:
    """A fold a configured one, in whose place of the test split stand rows that are in no other fold.

    Together these are all rows outside the test split, of every label alike. Of the others, a share like that of the
    configured validation split validates. Without configured folds there are none. Raises InputError where rows cannot
    be drawn at random, or are too few.
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
    """The metrics of the folds in one."""
    shared = [name for name in folds[0] if all(name in one for one in folds)]
    values = {name: np.array([one[name] for one in folds]) for name in shared}
    metrics = {name: Spread(float(one.mean()), float(one.std(ddof=1))) for name, one in values.items()}
    return CrossValidation(len(folds), metrics)


def _assign(table: Table, rows: NDArray[np.int64], n_folds: int, seed: int) -> NDArray[np.int64]:
    """The fold of each row: every label dealt out in turn, and where one ends the next goes on."""
    strata = np.zeros(len(rows), dtype=np.int64) if table.labels is None else table.target[rows]
    order = np.random.default_rng(seed).permutation(len(rows))
    order = order[np.argsort(strata[order], kind="stable")]
    fold = np.empty(len(rows), dtype=np.int64)
    fold[order] = np.arange(len(rows)) % n_folds
    return fold


def _check(table: Table, rows: NDArray[np.int64], n_folds: int, config: Config) -> None:
    for key in ("time", "column"):
        if getattr(config.split, key) is not None:
            rule = f"folds are drawn at random, but split.{key} decides which rows may judge"
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
