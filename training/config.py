"""The configuration of a training run: defaults, a TOML file over them, command-line options over that."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.bundle.display import shorten
from app.bundle.manifest import Band, LongFormat, ReducedPrecision, Task
from app.bundle.transforms.audio import Seconds
from app.bundle.transforms.image import MAX_SIDE
from training.errors import InputError

Share = Annotated[float, Field(gt=0, lt=1)]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]


SECONDS = {"s": 1, "m": 60, "h": 3600}


def check_duration(text: str) -> str:
    """The text itself; raises ValueError where it is no duration."""
    if not re.fullmatch(r"[1-9][0-9]{0,8}[smh]", text):
        raise ValueError("a duration is a whole number of seconds, minutes or hours: 90s, 10m or 1h")
    return text


def seconds(duration: str) -> int:
    """The seconds that a duration lasts."""
    return int(duration[:-1]) * SECONDS[duration[-1]]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnConfig(_Section):
    """What a person knows of a column; whatever is set here overrides what is inferred."""

    kind: (
        Literal["number", "category", "boolean", "date", "text", "series", "image", "audio", "user", "item", "ignore"]
        | None
    ) = None
    description: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    missing_values: tuple[float | str, ...] | None = None
    size: tuple[Side, Side] | None = None
    seconds: Seconds | None = None
    date_order: Literal["ymd", "dmy", "mdy"] | None = None


class SplitConfig(_Section):
    """Shares of the rows (where None, by their number), or the column that decides.

    `column` holds "train", "validation" or "test" a row; by `time` the newest rows are the test split and those
    before them the validation split.
    """

    validation: Share | None = None
    test: Share | None = None
    column: str | None = None
    time: str | None = None


class NetworkConfig(_Section):
    """The layers from the encoders to the head; what is None is decided by the task and the number of train rows."""

    members: Annotated[int, Field(ge=1)] = 8
    bins: Annotated[int, Field(ge=0)] | None = None
    hidden_units: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] | None = None
    batch_normalization: bool = False
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    embedding_dimension: Annotated[int, Field(ge=1)] | None = None
    series_encoder: Literal["convolutional", "recurrent"] = "convolutional"
    text_encoder: Literal["convolutional", "recurrent", "transformer"] = "convolutional"


class FitConfig(_Section):
    """How the weights are found; what is None is decided by the task and the number of train rows."""

    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    schedule: Literal["plateau", "cosine", "constant"] | None = None
    epochs: Annotated[int, Field(ge=1)] | None = None
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    batch_size: Annotated[int, Field(ge=1)] | None = None
    patience: Annotated[int, Field(ge=1)] | None = None
    class_weights: bool = False


class SearchConfig(_Section):
    """How long to search for what `network` and `fit` leave open; None for not at all."""

    budget: Annotated[str, AfterValidator(check_duration)] | None = None


class ValidationConfig(_Section):
    """What else the configuration is judged by: `folds` of cross-validation, None for none."""

    folds: Annotated[int, Field(ge=2)] | None = None


class DecisionConfig(_Section):
    """What the threshold of a binary model is chosen for, on the validation split, and which rows a person looks at.

    `precision` and `recall` reach `at_least` with as much of the other as there is; `review` is a band of
    probabilities, `review_share` the share of the rows that the band around the threshold is to hold.
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
            raise ValueError("at_least belongs to optimize = precision and recall, which need it")
        if self.review is not None and self.review_share is not None:
            raise ValueError("either review or review_share can be set")
        if self.review is not None and self.review[0] > self.review[1]:
            raise ValueError("review must begin below its end")
        return self


class CardConfig(_Section):
    """What only a person can say of a model, for the model card; a blank line begins a paragraph."""

    intended_use: str | None = None
    out_of_scope: str | None = None
    data_source: str | None = None
    limitations: str | None = None
    fairness: str | None = None
    contact: str | None = None


class ExportConfig(_Section):
    """What the exported graph must hold to, the variants to make of it, and whether answers can be explained."""

    tolerance: Annotated[float, Field(gt=0)] = 1e-5
    precision: tuple[ReducedPrecision, ...] = ()
    explanation: bool = True


class Config(_Section):
    """All that decides a training run besides its data."""

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


def check_decision(task: Task, wanted: DecisionConfig) -> None:
    """Raise InputError where a threshold or a review band is wanted of a task that has none."""
    if task != "binary" and (wanted.optimize != "none" or wanted.review or wanted.review_share):
        raise InputError(f"[decision]: a threshold and a review band need two labels, the task is {task}")


def load_config(path: Path | None, **options: Any) -> Config:
    """The configuration of a TOML file (or the defaults) with the options that are not None over it.

    Raises InputError where the file cannot be read, is not TOML, or breaks a rule.
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
        where = ".".join(str(one) for one in first["loc"])
        raise InputError(f"{path or 'options'}: {where}: {first['msg']}, received {shorten(first['input'])}") from error
