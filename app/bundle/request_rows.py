"""Rows of a data file in the form of a request, for offline scoring."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.bundle.tables.archives import Files
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.transforms import TRANSFORMS, Feature

if TYPE_CHECKING:
    import polars as pl


def request_rows(
    frame: "pl.DataFrame",
    features: Sequence[Feature],
    marks: Mapping[str, DecimalMark],
    files: Files | None = None,
) -> list[dict[str, Any]]:
    """Return the rows as a JSON request would bring them: one dict per row, with the features that the frame has.

    A cell that breaks a rule stays as it stands, for validation to refuse by that rule. `marks` are the decimal marks
    of the data file by column, `files` those that its cells name.
    """
    columns = {
        feature.name: TRANSFORMS[feature.kind].from_polars(
            feature, frame[feature.name], marks.get(feature.name, "."), files
        )
        for feature in features
        if feature.name in frame.columns
    }
    if not columns:
        return [{} for _ in range(frame.height)]
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
