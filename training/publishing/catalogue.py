"""The catalogue: the items of a table, with the features that depend on the item alone."""

from collections.abc import Sequence
from typing import Any

from app.bundle.catalogue import Catalogue
from app.bundle.transforms import TRANSFORMS
from app.bundle.transforms.ids import ItemTransform
from training.data.table import Table
from training.proof.golden import request_cell

MIN_REPEATS = 20
"""Rows of an item that has an earlier one, as evidence that a column is the same in all rows of an item."""
MAX_CELLS = 2_000_000
"""More would make a bundle that takes long to load."""


def build_catalogue(table: Table) -> Catalogue | None:
    """Every item of the table, whatever its split: what is told of an item is no answer.

    None where the table has no items, or more cells than MAX_CELLS.
    """
    item = next((one.name for one in table.features if one.kind == ItemTransform.kind), None)
    if item is None:
        return None
    first: dict[str, int] = {}
    for row, text in enumerate(table.columns[item]):
        if text is not None:
            first.setdefault(text, row)
    names = [item, *(one.name for one in table.features if one.name != item and _depends(table, one.name, item, first))]
    if not first or len(first) * len(names) > MAX_CELLS:
        return None
    rows = list(first.values())
    return Catalogue(item=item, columns={name: tuple(_cells(table.columns[name], rows)) for name in names})


def _depends(table: Table, name: str, item: str, first: dict[str, int]) -> bool:
    """Whether the column is the same in all rows of an item, though not in all rows, as enough rows show."""
    kind = next(one.kind for one in table.features if one.name == name)
    if kind == "user" or TRANSFORMS[kind].is_file:
        return False
    cells = [_key(cell) for cell in table.columns[name]]
    repeats = 0
    for row, text in enumerate(table.columns[item]):
        if text is None or first[text] == row:
            continue
        if cells[row] != cells[first[text]]:
            return False
        repeats += 1
    return repeats >= MIN_REPEATS and len(set(cells)) > 1


def _key(cell: Any) -> Any:
    """What is equal where two cells are, NaN included."""
    value = request_cell(cell)
    return tuple(value) if isinstance(value, list) else value


def _cells(column: Sequence[Any], rows: Sequence[int]) -> list[Any]:
    return [request_cell(column[row]) for row in rows]
