"""The features of a model: the columns that a row must bring, and what each may hold."""

from typing import Annotated, Literal

from pydantic import Field

from app.bundle.errors import Frozen

MAX_SIDE = 512
"""Pixels of an image's side as the network reads it."""
Seconds = Annotated[float, Field(gt=0, le=60)]
"""Of a sound as the network hears it."""


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


class ImageFeature(Frozen):
    """A PNG or JPEG, stretched to `height` and `width`; one channel is grey, three are red, green and blue."""

    kind: Literal["image"] = "image"
    name: str
    description: str | None = None
    nullable: bool
    missing_values: tuple[str, ...] = ()
    height: Annotated[int, Field(ge=1, le=MAX_SIDE)]
    width: Annotated[int, Field(ge=1, le=MAX_SIDE)]
    channels: Literal[1, 3]
    example: str | None = None


class AudioFeature(Frozen):
    """A WAV, brought to one channel of `sample_rate` (Hz) and cut or padded to `seconds`."""

    kind: Literal["audio"] = "audio"
    name: str
    description: str | None = None
    nullable: bool
    missing_values: tuple[str, ...] = ()
    sample_rate: Annotated[int, Field(ge=1_000, le=384_000)]
    seconds: Seconds
    example: str | None = None


class SeriesFeature(Frozen):
    """One finite number or more, in order; series of one row may differ in length."""

    kind: Literal["series"] = "series"
    name: str
    description: str | None = None
    nullable: bool
    missing_values: tuple[str, ...] = ()
    example: list[float] | None = None


DateOrder = Literal["ymd", "dmy", "mdy", "unix"]


class DateFeature(Frozen):
    """A date or date-time: ISO 8601, or as the order says: day first, month first, or seconds since 1970."""

    kind: Literal["date"] = "date"
    name: str
    description: str | None = None
    nullable: bool
    missing_values: tuple[str, ...] = ()
    order: DateOrder = "ymd"
    example: str | None = None


class BooleanFeature(Frozen):
    """True or false."""

    kind: Literal["boolean"] = "boolean"
    name: str
    description: str | None = None
    nullable: bool
    missing_values: tuple[str, ...] = ()
    example: bool | None = None


class IdFeature(Frozen):
    """The name of one of very many; names that training saw too seldom share codes."""

    name: str
    description: str | None = None
    nullable: bool
    missing_values: tuple[str, ...] = ()
    example: str | None = None


class UserFeature(IdFeature):
    """Who is to like something."""

    kind: Literal["user"] = "user"


class ItemFeature(IdFeature):
    """What is to be liked, and can be ranked."""

    kind: Literal["item"] = "item"


Feature = Annotated[
    NumberFeature
    | CategoryFeature
    | BooleanFeature
    | DateFeature
    | TextFeature
    | SeriesFeature
    | ImageFeature
    | AudioFeature
    | UserFeature
    | ItemFeature,
    Field(discriminator="kind"),
]
