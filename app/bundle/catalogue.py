"""catalogue.json: the items that can be recommended, with the features that depend on the item alone.

Tests: tests/training/publishing/test_catalogue.py, tests/app/api/test_recommend.py
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from app.bundle.errors import BundleModel

CatalogueCell = float | str | bool | list[float] | None


class Catalogue(BundleModel):
    """The features of all items, one column per feature, with cells as in a request.

    All columns have the same length. `item` names the column of the items' ids, which are unique texts.
    """

    item: str
    columns: Annotated[dict[str, tuple[CatalogueCell, ...]], Field(min_length=1)]

    @model_validator(mode="after")
    def _validate_columns(self) -> Self:
        if self.item not in self.columns:
            raise ValueError(f"the catalogue must have the column {self.item!r} of its items")
        lengths = {name: len(column) for name, column in self.columns.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"the columns must have the same length, found {lengths}")
        ids = self.columns[self.item]
        if not all(isinstance(item_id, str) for item_id in ids) or len(set(map(str, ids))) != len(ids):
            raise ValueError("each item must have a unique text as its id")
        return self
