"""The features of a model: the columns that a row must bring, and what each may hold."""

from typing import Annotated, Literal

from pydantic import Field

from app.bundle.base import Frozen


class NumberFeature(Frozen):
    """A finite number. `minimum` and `maximum` are rules (inclusive), not what training happened to see."""

    kind: Literal["number"] = "number"
    name: str
    description: str | None = None
    nullable: bool
    missing_values: tuple[float, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    example: float | None = None


class CategoryFeature(Frozen):
    """One of a set of strings; strings outside the vocabulary have a code of their own."""

    kind: Literal["category"] = "category"
    name: str
    description: str | None = None
    nullable: bool
    missing_values: tuple[str, ...] = ()
    example: str | None = None


class TextFeature(Frozen):
    """Text of any language, of which a model reads words, characters and their order."""

    kind: Literal["text"] = "text"
    name: str
    description: str | None = None
    nullable: bool
    missing_values: tuple[str, ...] = ()
    example: str | None = None


Feature = Annotated[NumberFeature | CategoryFeature | TextFeature, Field(discriminator="kind")]
