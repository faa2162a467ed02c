"""A segment's cells are read as training reads a column."""

import polars as pl
import pytest

from app.bundle.tables.errors import TableError
from training.data.segments import read_segment_cells


def test_cells_are_read_as_training_reads_a_column() -> None:
    assert read_segment_cells(pl.Series("a", ["1,5", "$2", None]), ",") == [1.5, 2.0, None]
    assert read_segment_cells(pl.Series("a", ["f", "N/A", "m"]), ".") == ["f", None, "m"]
    assert read_segment_cells(pl.Series("a", ["007", "010"]), ".") == ["007", "010"]
    assert read_segment_cells(pl.Series("a", [True, False, None]), ".") == ["true", "false", None]
    assert read_segment_cells(pl.Series("a", [1, None, 3]), ".") == [1.0, None, 3.0]


def test_nested_cells_are_refused() -> None:
    with pytest.raises(TableError, match="cannot be read as categories"):
        read_segment_cells(pl.Series("a", [[1], [2]]), ".")
