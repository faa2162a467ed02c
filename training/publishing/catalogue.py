"""The catalogue: the items of a table, with the features that depend on the item alone."""

from collections.abc import Sequence
from typing import Any

from app.bundle.catalogue import Catalogue
from app.bundle.transforms import TRANSFORMS
from app.bundle.transforms.ids import ItemTransform
from training.data.table import Table
from training.proof.golden import request_cell

MIN_REPEATS = 20
"""Rows that repeat an item, needed as evidence that a column depends on the item alone."""
MAX_CELLS = 2_000_000
"""More cells would make a bundle that takes long to load."""


def build_catalogue(table: Table) -> Catalogue | None:
    """Return every item of the table, of all splits: an item's features reveal no answer.

    None where the table has no items, or more cells than MAX_CELLS.
    """
    item = next((feature.name for feature in table.features if feature.kind == ItemTransform.kind), None)
    if item is None:
        return None
    first_rows: dict[str, int] = {}
    for row, text in enumerate(table.columns[item]):
        if text is not None:
            first_rows.setdefault(text, row)
    others = (feature.name for feature in table.features if feature.name != item)
    names = [item, *(name for name in others if _depends_on_item(table, name, item, first_rows))]
    if not first_rows or len(first_rows) * len(names) > MAX_CELLS:
        return None
    rows = list(first_rows.values())
    return Catalogue(item=item, columns={name: tuple(_cells(table.columns[name], rows)) for name in names})


def _depends_on_item(table: Table, name: str, item: str, first_rows: dict[str, int]) -> bool:
    """Return whether enough rows show that the column is the same in all rows of an item, but not in all rows."""
    kind = next(feature.kind for feature in table.features if feature.name == name)
    if TRANSFORMS[kind].identifies_people or TRANSFORMS[kind].is_file:
        return False
    cells = [_key(cell) for cell in table.columns[name]]
    repeats = 0
    for row, text in enumerate(table.columns[item]):
        if text is None or first_rows[text] == row:
            continue
        if cells[row] != cells[first_rows[text]]:
            return False
        repeats += 1
    return repeats >= MIN_REPEATS and len(set(cells)) > 1


def _key(cell: Any) -> Any:
    """Return a hashable value that is equal for equal cells, NaN included."""
    value = request_cell(cell)
    return tuple(value) if isinstance(value, list) else value


def _cells(column: Sequence[Any], rows: Sequence[int]) -> list[Any]:
    return [request_cell(column[row]) for row in rows]
