"""The columns of a data file that metrics are grouped by, whether or not they are features."""

from collections.abc import Sequence

import polars as pl

from app.bundle.tables.columns import category_column, is_blank, number_column
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.transforms.number import NumberTransform
from training.data.infer import infer_kind

Cells = Sequence[float | str | None]


def read_segment_cells(series: pl.Series, mark: DecimalMark) -> Cells:
    """Return the cells as numbers where the column holds numbers, else as text; None where missing.

    Raises TableError where cells hold lists, structures or bytes.
    """
    if infer_kind(series, mark) == NumberTransform.kind:
        numbers, _ = number_column(series, mark)
        cells: list[float | str | None] = numbers.to_list()
        return cells
    if series.dtype == pl.String:
        series = series.set(is_blank(series), None)
    return category_column(series)
