"""The target: its task, its labels in order, and its values.

Tests: tests/training/data/test_cleaning.py (task and order of labels)
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.bundle.display import shorten
from app.bundle.manifest import Task
from app.bundle.tables.columns import category_column, number_column
from app.bundle.tables.decimal_marks import DecimalMark
from training.config import Config
from training.errors import InputError

MAX_INTEGER_LABELS = 20
MIN_ROWS_A_LABEL = 3
"""One row for each split."""
_MOSTLY = 0.95
_POSITIVE_WORDS = ("true", "yes", "y", "t", "positive", "pos")


@dataclass(frozen=True, slots=True)
class TargetColumn:
    """The target's column: `values` are int64 indices into `labels`, or float64 for a regression without labels."""

    task: Task
    labels: tuple[str, ...] | None
    values: NDArray[Any]


def read_target(series: pl.Series, row_ids: NDArray[np.int64], mark: DecimalMark, config: Config) -> TargetColumn:
    """Read the target from cells of which none is missing.

    Two labels are (negative, positive), more are sorted. Raises InputError where the cells don't fit the task, all are
    equal, or a label has too few rows for three splits.
    """
    numbers, wrong = number_column(series, mark)
    task = config.task or _infer_task(series, numbers, rated=_has_items(config))
    if task == "regression":
        return TargetColumn("regression", None, _values(series, numbers, wrong, row_ids, config))
    texts = [text for text in category_column(series) if text is not None]
    counts = Counter(texts)
    _check_labels(series.name, counts, config)
    labels = _order(counts, config)
    index = {label: position for position, label in enumerate(labels)}
    values = np.array([index[text] for text in texts], dtype=np.int64)
    return TargetColumn("binary" if len(labels) == 2 else "multiclass", labels, values)


def _has_items(config: Config) -> bool:
    return any(column.kind == "item" for column in config.columns.values())


def _infer_task(series: pl.Series, numbers: pl.Series, *, rated: bool) -> Task | None:
    """Return regression where nearly all cells are numbers, other than few integers; else None, for a classification.

    A few distinct integers are labels; but where items are `rated`, more than two of them are stars, to be predicted as
    numbers.
    """
    present = numbers.drop_nulls()
    few = present.n_unique() <= (2 if rated else MAX_INTEGER_LABELS)
    if len(present) < len(series) and (few or len(present) < _MOSTLY * len(series)):
        return None
    whole = bool((present == present.round()).all())
    return None if few and whole else "regression"


def _values(
    series: pl.Series, numbers: pl.Series, wrong: pl.Series, row_ids: NDArray[np.int64], config: Config
) -> NDArray[np.float64]:
    if wrong.any():
        first = int(wrong.arg_true()[0])
        raise InputError(
            f"column {series.name!r}, row {row_ids[first]} (counted from 0): the target of a regression must be a "
            f"number, received {shorten(series[first])}"
        )
    if config.positive is not None:
        raise InputError(f"positive = {config.positive!r} needs a target with labels; {series.name!r} holds numbers")
    if len(numbers) < MIN_ROWS_A_LABEL:
        raise InputError(f"column {series.name!r}: a row is needed for each of three splits, received {len(numbers)}")
    if numbers.n_unique() == 1:
        raise InputError(f"column {series.name!r}: the target must vary, every row holds {numbers[0]:g}")
    return numbers.to_numpy()


def _check_labels(name: str, counts: Counter[str], config: Config) -> None:
    if len(counts) == 1:
        raise InputError(f"column {name!r}: two labels are needed, every row is {shorten(next(iter(counts)))}")
    if config.task == "binary" and len(counts) != 2:
        raise InputError(f"column {name!r}: a binary target has 2 labels, received {len(counts)}: {_list(counts)}")
    rare = [label for label, count in counts.items() if count < MIN_ROWS_A_LABEL]
    if rare:
        raise InputError(
            f"column {name!r}: each label needs {MIN_ROWS_A_LABEL} different rows, one for each split; {len(rare)} of "
            f"{len(counts)} labels have fewer: {_list(rare)}; merge them, leave out their rows, or set task"
        )
    if config.positive is not None and (config.positive not in counts or len(counts) > 2):
        rule = "one of the target's labels" if len(counts) == 2 else "set only for a target with 2 labels"
        raise InputError(f"positive must be {rule}, received {config.positive!r}; labels of {name!r}: {_list(counts)}")


def _order(counts: Counter[str], config: Config) -> tuple[str, ...]:
    labels = sorted(counts, key=_label_key if all(_is_integer(label) for label in counts) else str)
    if len(labels) > 2:
        return tuple(labels)
    words = [
        label for label in labels if label.lower() in _POSITIVE_WORDS or (label == "1" and labels[0] in ("0", "-1"))
    ]
    rarer = min(reversed(labels), key=lambda label: counts[label])
    positive = config.positive or (words[0] if len(words) == 1 else rarer)
    return tuple(sorted(labels, key=lambda label: label == positive))


def _is_integer(label: str) -> bool:
    return label.removeprefix("-").isdecimal()


def _label_key(label: str) -> Any:
    return int(label), label


def _list(labels: Sequence[str] | Counter[str]) -> str:
    shown = sorted(labels)
    return ", ".join(shorten(label) for label in shown[:5]) + (", …" if len(shown) > 5 else "")
