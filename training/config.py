"""The configuration of a training run: defaults, overridden by a TOML file, overridden by command-line options."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from app.bundle.display import shorten
from app.bundle.manifest import Band, LongFormat, ReducedPrecision, Task
from app.bundle.transforms import TRANSFORMS
from app.bundle.transforms.audio import Seconds
from app.bundle.transforms.image import MAX_SIDE
from training.errors import InputError

Share = Annotated[float, Field(gt=0, lt=1)]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]

IGNORE = "ignore"
"""The kind of a column that is not read."""

UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def check_duration(text: str) -> str:
    """Return the text, such as 90s, 10m or 1h; raise ValueError if it is not a duration."""
    if not re.fullmatch(r"[1-9][0-9]{0,8}[smh]", text):
        raise ValueError("a duration is a whole number of seconds, minutes or hours: 90s, 10m or 1h")
    return text


def duration_seconds(duration: str) -> int:
    """Return the seconds of a duration such as 10m."""
    return int(duration[:-1]) * UNIT_SECONDS[duration[-1]]


def check_kind(kind: str) -> str:
    """Return the kind of a column, or "ignore"; raise an error that lists the kinds if there is no such kind."""
    if kind not in (*TRANSFORMS, IGNORE):
        raise PydanticCustomError("unknown_kind", "must be one of {kinds}", {"kinds": ", ".join([*TRANSFORMS, IGNORE])})
    return kind


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnConfig(_Section):
    """Settings of a column, which override what is inferred from its cells."""

    kind: Annotated[str, AfterValidator(check_kind)] | None = None
    description: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    missing_values: tuple[float | str, ...] | None = None
    size: tuple[Side, Side] | None = None
    seconds: Seconds | None = None
    date_order: Literal["ymd", "dmy", "mdy"] | None = None


class SplitConfig(_Section):
    """The splits: shares of the rows (None lets their number decide), or the column that decides.

    `column` names each row's split, "train", "validation" or "test". With `time` the newest rows are the test split
    and those before them the validation split.
    """

    validation: Share | None = None
    test: Share | None = None
    column: str | None = None
    time: str | None = None


class NetworkConfig(_Section):
    """The layers of the network; None lets the task and the number of train rows decide."""

    members: Annotated[int, Field(ge=1)] = 8
    bins: Annotated[int, Field(ge=0)] | None = None
    hidden_units: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] | None = None
    batch_normalization: bool = False
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    embedding_dimension: Annotated[int, Field(ge=1)] | None = None
    series_encoder: Literal["convolutional", "recurrent"] = "convolutional"
    text_encoder: Literal["convolutional", "recurrent", "transformer"] = "convolutional"


class FitConfig(_Section):
    """How the weights are fitted; None lets the task and the number of train rows decide."""

    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    schedule: Literal["plateau", "cosine", "constant"] | None = None
    epochs: Annotated[int, Field(ge=1)] | None = None
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    batch_size: Annotated[int, Field(ge=1)] | None = None
    patience: Annotated[int, Field(ge=1)] | None = None
    class_weights: bool = False


class SearchConfig(_Section):
    """How long to search for what `network` and `fit` leave open; None for no search."""

    budget: Annotated[str, AfterValidator(check_duration)] | None = None


class ValidationConfig(_Section):
    """The number of folds of a cross-validation; None for no cross-validation."""

    folds: Annotated[int, Field(ge=2)] | None = None


class DecisionConfig(_Section):
    """How the threshold of a binary model is chosen on the validation split, and which rows a person reviews.

    To optimize `precision` or `recall` is to reach `at_least` with the largest possible value of the other. `review`
    is a band of probabilities, `review_share` the share of the rows that a band around the threshold is to hold.
    """

    optimize: Literal["none", "f1", "cost", "precision", "recall"] = "none"
    cost_false_positive: Annotated[float, Field(ge=0)] = 1.0
    cost_false_negative: Annotated[float, Field(ge=0)] = 1.0
    at_least: Share | None = None
    review: Band | None = None
    review_share: Share | None = None

    @model_validator(mode="after")
    def _keys_fit_together(self) -> Self:
        if (self.optimize in ("precision", "recall")) != (self.at_least is not None):
            raise ValueError("at_least must be set if optimize is precision or recall, and only then")
        if self.review is not None and self.review_share is not None:
            raise ValueError("either review or review_share can be set, received both")
        if self.review is not None and self.review[0] > self.review[1]:
            raise ValueError("review must be a lower and an upper bound, in this order")
        return self


class CardConfig(_Section):
    """Texts for the model card that only a person can write; a blank line begins a paragraph."""

    intended_use: str | None = None
    out_of_scope: str | None = None
    data_source: str | None = None
    limitations: str | None = None
    fairness: str | None = None
    contact: str | None = None


class ExportConfig(_Section):
    """The tolerance of the exported graph, its variants, and whether its answers can be explained."""

    tolerance: Annotated[float, Field(gt=0)] = 1e-5
    precision: tuple[ReducedPrecision, ...] = ()
    explanation: bool = True


class Config(_Section):
    """All settings of a training run; with the data they decide its result."""

    seed: Annotated[int, Field(ge=0)] = 42
    task: Task | None = None
    positive: str | None = None
    long: LongFormat | None = None
    segments: tuple[str, ...] = ()
    columns: dict[str, ColumnConfig] = {}
    split: SplitConfig = SplitConfig()
    network: NetworkConfig = NetworkConfig()
    fit: FitConfig = FitConfig()
    search: SearchConfig = SearchConfig()
    validation: ValidationConfig = ValidationConfig()
    decision: DecisionConfig = DecisionConfig()
    export: ExportConfig = ExportConfig()
    card: CardConfig = CardConfig()


def check_decision(task: Task, config: DecisionConfig) -> None:
    """Raise InputError if a threshold or a review band is configured for a task that has none."""
    if task != "binary" and (config.optimize != "none" or config.review or config.review_share):
        raise InputError(f"[decision]: a threshold and a review band need two labels, the task is {task}")


def load_config(path: Path | None, **options: Any) -> Config:
    """Return the configuration of a TOML file (or the defaults), overridden by the options that are not None.

    Raises InputError if the file cannot be read, is not TOML, or breaks a rule.
    """
    settings: dict[str, Any] = {}
    if path is not None:
        try:
            settings = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"{path}: the configuration cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: the configuration is not TOML: {error}") from error
    settings |= {key: value for key, value in options.items() if value is not None}
    try:
        return Config.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        rule = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{path or 'options'}: {key}: {rule}, received {shorten(first['input'])}") from error
