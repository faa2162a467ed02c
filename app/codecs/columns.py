"""Columns to raw arrays, under the rules of the request schema."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from sys import float_info
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.preprocessor import Preprocessor, Raw
from app.bundle.transforms import TRANSFORMS, Bounds, Feature
from app.codecs.json_decoder import ColumnDecoder, Row
from app.codecs.request_schema import Instance, RequestSchema
from app.errors import MAX_PROBLEMS, InvalidInstances, Problem

CHUNK_ROWS = 1024
"""Rows that the request schema validates at a time; none are validated after MAX_PROBLEMS have been found."""

Column = NDArray[Any] | Sequence[str | None]
"""Cells of one feature: float64 with NaN where missing for a number, strings or None for a category."""


@dataclass(frozen=True, slots=True)
class ColumnBatch:
    """Valid rows held by column, as raw arrays by kind.

    `sent` are the columns as they were sent, in the features' order, for warnings to quote; row 0 is their row `first`.
    `generated` rows were made by the service, to be ranked, and not sent by a caller: they cause no warnings, and drift
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
    """Reads columns by one bundle's rules. Immutable, safe to share between threads.

    It accepts numbers and categories alone, all of which the request schema would accept with the same values. The
    request schema must validate everything else.
    """

    def __init__(self, features: Sequence[Feature], preprocessor: Preprocessor, schema: RequestSchema) -> None:
        self.decoder = ColumnDecoder(features)
        self.features = {feature.name: feature for feature in features}
        column_types = {feature.name: TRANSFORMS[feature.kind].column_type for feature in features}
        self._takes_columns = None not in column_types.values()
        self._preprocessor = preprocessor
        self._schema = schema
        numbers = [feature for feature in features if column_types[feature.name] is float]
        bounds = [TRANSFORMS[feature.kind].bounds(feature) or Bounds(None, None) for feature in numbers]
        self.number_names = [feature.name for feature in numbers]
        self._only_numbers = len(numbers) == len(features) and len({feature.kind for feature in features}) == 1
        self._required_texts = [
            feature.name for feature in features if column_types[feature.name] is str and not feature.nullable
        ]
        self._bounded = any(bound is not None for both in bounds for bound in both)
        self._nullable = np.array([[feature.nullable] for feature in numbers], dtype=bool)
        # Within the largest numbers there is no infinity.
        self._lowest = np.array([[_bound(both.minimum, -float_info.max)] for both in bounds])
        self._highest = np.array([[_bound(both.maximum, float_info.max)] for both in bounds])

    def batch(self, columns: Mapping[str, Column], n_rows: int) -> ColumnBatch | None:
        """Return the batch of columns of n_rows values each, or None where a rule is broken."""
        if not self._takes_columns or not n_rows or not columns.keys() <= self.features.keys():
            return None
        absent = [feature for name, feature in self.features.items() if name not in columns]
        if not all(feature.nullable for feature in absent):
            return None
        missing = {feature.name: self._missing(feature.name, n_rows) for feature in absent}
        filled: dict[str, Any] = {**columns, **missing}
        if self.number_names:
            numbers = _matrix([filled[name] for name in self.number_names])
            if not self._allowed(numbers):
                return None
            if self._only_numbers:
                return self._number_batch(numbers)
            filled |= zip(self.number_names, numbers, strict=True)
        if any(None in filled[name] for name in self._required_texts):
            return None
        return ColumnBatch(self._preprocessor.vectorize(filled), n_rows, [filled[name] for name in self.features])

    def batch_of_numbers(self, names: Sequence[str], cells: NDArray[np.float64]) -> ColumnBatch | None:
        """Return what `batch` does, for float64 cells of shape (n_columns, n_rows), none of them missing."""
        if not np.isfinite(cells).all():
            return None
        if not self._only_numbers or names != self.number_names:
            return self.batch(dict(zip(names, cells, strict=True)), cells.shape[1])
        if self._bounded and not self._allowed(cells):
            return None
        return self._number_batch(cells)

    def validate(self, chunks: Iterable[Sequence[Instance]], first: int = 0) -> list[Row]:
        """Return the rows of instances by the request schema; the first instance is number `first` of the request.

        Raises InvalidInstances.
        """
        rows: list[Row] = []
        problems: list[Problem] = []
        total = 0
        for chunk in chunks:
            try:
                rows += self._schema.check(chunk)
            except InvalidInstances as error:
                total += error.total
                problems += [_shifted(problem, first) for problem in error.problems]
                if total >= MAX_PROBLEMS:
                    break
            first += len(chunk)
        if total:
            raise InvalidInstances(problems, total)
        return rows

    def _missing(self, name: str, n_rows: int) -> Column:
        return np.full(n_rows, np.nan) if name in self.number_names else [None] * n_rows

    def _number_batch(self, numbers: NDArray[np.float64]) -> ColumnBatch:
        return ColumnBatch(self._preprocessor.vectorize_matrix(numbers), numbers.shape[1], numbers)

    def _allowed(self, numbers: NDArray[np.float64]) -> bool:
        inside = (numbers >= self._lowest) & (numbers <= self._highest)
        if inside.all():
            return True
        return bool((inside | (np.isnan(numbers) & self._nullable)).all())


def instance_chunks(columns: Mapping[str, Sequence[Any]], n_rows: int) -> Iterable[list[Instance]]:
    """Yield columns of equal length as instances, CHUNK_ROWS at a time; one empty list where there is no row."""
    for start in range(0, max(n_rows, 1), CHUNK_ROWS):
        cells = zip(*(column[start : start + CHUNK_ROWS] for column in columns.values()), strict=True)
        yield [dict(zip(columns, row, strict=True)) for row in cells]


def _matrix(columns: Sequence[Column]) -> NDArray[np.float64]:
    """Return a float64 array of shape (n_columns, n_rows), NaN where None."""
    if isinstance(columns[0], list):
        try:  # a third of the cost of numpy's own conversion, which only None needs
            pack = struct.Struct(f"{len(columns[0])}d").pack
            return np.frombuffer(b"".join([pack(*column) for column in columns])).reshape(len(columns), -1)
        except struct.error:
            pass
    return np.array(columns, dtype=np.float64)


def _bound(bound: float | None, otherwise: float) -> float:
    return otherwise if bound is None else min(max(bound, -float_info.max), float_info.max)


def _shifted(problem: Problem, rows: int) -> Problem:
    return problem if problem.instance is None else replace(problem, instance=problem.instance + rows)
