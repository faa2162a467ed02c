"""The kinds of features, and how the bundle's files are read by them."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, SerializeAsAny
from pydantic_core import PydanticCustomError

from app.bundle.bins.base import FeatureReference
from app.bundle.transforms.audio import AudioTransform
from app.bundle.transforms.base import Feature, Statistics, Transform
from app.bundle.transforms.boolean import BooleanTransform
from app.bundle.transforms.category import CategoryTransform
from app.bundle.transforms.date import DateTransform
from app.bundle.transforms.ids import ItemTransform, UserTransform
from app.bundle.transforms.image import ImageTransform
from app.bundle.transforms.number import NumberTransform
from app.bundle.transforms.series import SeriesTransform
from app.bundle.transforms.text import TextTransform

_KINDS: tuple[type[Transform], ...] = (
    NumberTransform,
    CategoryTransform,
    ImageTransform,
    AudioTransform,
    SeriesTransform,
    DateTransform,
    BooleanTransform,
    TextTransform,
    UserTransform,
    ItemTransform,
)

TRANSFORMS: dict[str, type[Transform]] = {transform.kind: transform for transform in _KINDS}
"""The transform of each kind by name; the order is that of a graph's inputs."""


def _of_its_kind(model_type: Callable[[type[Transform]], type[BaseModel]]) -> BeforeValidator:
    """Return a validator that reads a value by the class that its kind's transform names."""

    def read(value: Any) -> BaseModel:
        kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
        transform = TRANSFORMS.get(kind) if isinstance(kind, str) else None
        if transform is None:
            context = {"kinds": ", ".join(TRANSFORMS), "kind": repr(kind)}
            raise PydanticCustomError("unknown_kind", "kind must be one of {kinds}, found {kind}", context)
        return model_type(transform).model_validate(value)

    return BeforeValidator(read)


AnyFeature = Annotated[SerializeAsAny[Feature], _of_its_kind(lambda transform: transform.feature_type)]
"""A feature of any registered kind."""
AnyStatistics = Annotated[SerializeAsAny[Statistics], _of_its_kind(lambda transform: transform.statistics_type)]
"""The statistics of a feature of any registered kind."""
AnyReference = Annotated[
    SerializeAsAny[FeatureReference], _of_its_kind(lambda transform: transform.distribution.reference_type)
]
"""The drift reference of a feature of any registered kind."""
