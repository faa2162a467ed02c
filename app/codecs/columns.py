"""Columns to raw arrays, under the rules of the row schema."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from sys import float_info
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.features import Feature, NumberFeature
from app.bundle.transforms import Preprocessor, Raw
from app.codecs.json_decoder import ColumnDecoder, Row
from app.codecs.request_schema import Instance, RequestSchema
from app.errors import MAX_PROBLEMS, InvalidInstances, Problem

JUDGED_ROWS = 1024
"""Rows that are judged at once; no more are looked at where they hold the most problems that are listed."""

Column = NDArray[Any] | Sequence[str | None]
"""Of a number: float64, NaN where missing. Of a category: strings, None where missing."""


@dataclass(frozen=True, slots=True)
class ColumnBatch:
    """Valid rows held by column, as raw arrays by kind.

    `sent` are the columns as they were sent, in the features' order, for warnings to quote; row 0 is their row `first`.
    `generated` rows were sent by nobody but made by the service, to be ranked: no warning is given of them, and drift
    does not count them.
    """

    raw: Raw
    n_rows: int
    sent: Sequence[Column] | NDArray[np.float64]
    first: int = 0
    generated: bool = False

    def __len__(self) -> int:
        return self.n_rows

    def __getitem__(self, rows: slice) -> "ColumnBatch":
        first, last, _ = rows.indices(self.n_rows)
        raw = {kind: array[first:last] for kind, array in self.raw.items()}
        return ColumnBatch(raw, max(last - first, 0), self.sent, self.first + first, self.generated)

    def cell(self, row: int, position: int) -> Any:
        """Return the value of a row and a feature, as it was sent."""
        return self.sent[position][self.first + row]


Rows = list[Row] | ColumnBatch
"""Valid rows, in either form."""


class ColumnReader:
    """The rules of one bundle for columns. Immutable, safe to share between threads.

    What it accepts, numbers and categories alone, the row schema accepts with the same values; what it does not, the
    row schema must judge.
    """

    def __init__(self, features: Sequence[Feature], preprocessor: Preprocessor, schema: RequestSchema) -> None:
        self.decoder = ColumnDecoder(features)
        self.features = {feature.name: feature for feature in features}
        self._other_kinds = {one.kind for one in features} - {"number", "category"}
        self._preprocessor = preprocessor
        self._schema = schema
        numbers = [one for one in features if isinstance(one, NumberFeature)]
        self.number_names = [one.name for one in numbers]
        self._only_numbers = len(numbers) == len(features)
        self._bounded = any(one.minimum is not None or one.maximum is not None for one in numbers)
        self._nullable = np.array([[one.nullable] for one in numbers], dtype=bool)
        # Within the largest numbers there is no infinity.
        self._lowest = np.array([[_bound(one.minimum, -float_info.max)] for one in numbers])
        self._highest = np.array([[_bound(one.maximum, float_info.max)] for one in numbers])

    def batch(self, columns: Mapping[str, Column], n_rows: int) -> ColumnBatch | None:
        """Return the batch of columns of n_rows values each, or None where a rule is broken."""
        if self._other_kinds or not n_rows or not columns.keys() <= self.features.keys():
            return None
        absent = [one for name, one in self.features.items() if name not in columns]
        if not all(one.nullable for one in absent):
            return None
        missing = {one.name: _missing(one, n_rows) for one in absent}
        filled: dict[str, Any] = {**columns, **missing}
        if self.number_names:
            numbers = _matrix([filled[name] for name in self.number_names])
            if not self._allowed(numbers):
                return None
            if self._only_numbers:
                return self._number_batch(numbers)
            filled |= zip(self.number_names, numbers, strict=True)
        texts = (one for one in self.features.values() if one.kind == "category" and not one.nullable)
        if any(None in filled[one.name] for one in texts):
            return None
        return ColumnBatch(self._preprocessor.vectorize(filled), n_rows, [filled[name] for name in self.features])

    def batch_of_numbers(self, names: Sequence[str], cells: NDArray[np.float64]) -> ColumnBatch | None:
        """Do as `batch` does with float64 cells of shape (n_columns, n_rows), none of them missing."""
        if not np.isfinite(cells).all():
            return None
        if not self._only_numbers or names != self.number_names:
            return self.batch(dict(zip(names, cells, strict=True)), cells.shape[1])
        if self._bounded and not self._allowed(cells):
            return None
        return self._number_batch(cells)

    def judge(self, pieces: Iterable[Sequence[Instance]], first: int = 0) -> list[Row]:
        """The rows of instances by the row schema, in pieces of JUDGED_ROWS; the first is number `first`.

        Raises InvalidInstances.
        """
        rows: list[Row] = []
        problems: list[Problem] = []
        total = 0
        for piece in pieces:
            try:
                rows += self._schema.check(piece)
            except InvalidInstances as error:
                total += error.total
                problems += [_shifted(one, first) for one in error.problems]
                if total >= MAX_PROBLEMS:
                    break
            first += len(piece)
        if total:
            raise InvalidInstances(problems, total)
        return rows

    def _number_batch(self, numbers: NDArray[np.float64]) -> ColumnBatch:
        return ColumnBatch(self._preprocessor.vectorize_numbers(numbers), numbers.shape[1], numbers)

    def _allowed(self, numbers: NDArray[np.float64]) -> bool:
        inside = (numbers >= self._lowest) & (numbers <= self._highest)
        if inside.all():
            return True
        return bool((inside | (np.isnan(numbers) & self._nullable)).all())


def pieces(columns: Mapping[str, Sequence[Any]], n_rows: int) -> Iterable[list[Instance]]:
    """Columns of equal length as instances, JUDGED_ROWS at a time; one empty piece where there is no row."""
    for start in range(0, max(n_rows, 1), JUDGED_ROWS):
        cells = zip(*(column[start : start + JUDGED_ROWS] for column in columns.values()), strict=True)
        yield [dict(zip(columns, row, strict=True)) for row in cells]


def _matrix(columns: Sequence[Column]) -> NDArray[np.float64]:
    """Float64 array of shape (n_columns, n_rows), NaN where None."""
    if isinstance(columns[0], list):
        try:  # a third of what numpy's own conversion costs, which None needs
            pack = struct.Struct(f"{len(columns[0])}d").pack
            return np.frombuffer(b"".join([pack(*column) for column in columns])).reshape(len(columns), -1)
        except struct.error:
            pass
    return np.array(columns, dtype=np.float64)


def _missing(feature: Feature, n_rows: int) -> Column:
    return np.full(n_rows, np.nan) if isinstance(feature, NumberFeature) else [None] * n_rows


def _bound(bound: float | None, otherwise: float) -> float:
    return otherwise if bound is None else min(max(bound, -float_info.max), float_info.max)


def _shifted(problem: Problem, rows: int) -> Problem:
    return problem if problem.instance is None else replace(problem, instance=problem.instance + rows)
