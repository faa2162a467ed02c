"""catalogue.json: the items that can be recommended, with all that a model must know of each."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from app.bundle.errors import Frozen

Cell = float | str | bool | list[float] | None


class Catalogue(Frozen):
    """A column a feature that depends on the item alone, its own id among them, in the form of a request.

    All are of the same length; `item` names the column of the ids, which are all different.
    """

    item: str
    columns: Annotated[dict[str, tuple[Cell, ...]], Field(min_length=1)]

    @model_validator(mode="after")
    def _columns_fit_together(self) -> Self:
        if self.item not in self.columns:
            raise ValueError(f"the catalogue must have the column {self.item!r} of its items")
        lengths = {name: len(column) for name, column in self.columns.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"the columns must be of one length, found {lengths}")
        ids = self.columns[self.item]
        if not all(isinstance(one, str) for one in ids) or len(set(map(str, ids))) != len(ids):
            raise ValueError("each item must have a text of its own as its id")
        return self
