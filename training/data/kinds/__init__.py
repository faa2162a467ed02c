"""The kinds of columns of a data file: one module per kind.

Tests: tests/test_kinds.py (the registries hold the same kinds), tests/test_toy_kind.py
"""

from training.data.kinds import audio, boolean, category, date, ids, image, number, series, text
from training.data.kinds.base import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        boolean.KIND,
        number.KIND,
        date.KIND,
        series.KIND,
        image.KIND,
        audio.KIND,
        text.KIND,
        category.KIND,
        ids.USER_KIND,
        ids.ITEM_KIND,
    )
}
"""The kinds by name, in the order in which a column's cells are tried: the first that recognizes them is inferred."""
