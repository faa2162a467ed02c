"""What a search may try: a table of keys of the configuration, and the values of each."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from training.config import Config
from training.errors import InputError

Settings = Mapping[str, Any]
"""Values by key, such as `fit.learning_rate`."""


class Suggests(Protocol):
    """An Optuna trial, as far as the table needs it."""

    def suggest_categorical(self, name: str, choices: list[str]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values, of which the first is the default; with a `kind`, only where a feature has it."""

    key: str
    values: tuple[Any, ...]
    kind: str | None = None

    @property
    def default(self) -> Any:
        """The first value."""
        return self.values[0]

    @property
    def parameter(self) -> str:
        """The default as Optuna knows it, which keeps choices as text."""
        return json.dumps(self.default)

    def suggest(self, trial: Suggests) -> Any:
        """A value for the trial."""
        return json.loads(trial.suggest_categorical(self.key, [json.dumps(one) for one in self.values]))

    def __str__(self) -> str:
        return ", ".join(map(show, self.values))


def show(value: Any) -> str:
    """A value for a reader."""
    return "by the data" if value is None else str(value)


SPACE: tuple[Choice, ...] = (
    Choice("network.hidden_units", (None, [64, 32], [64], [128], [128, 64], [256, 128], [256, 256], [128, 128, 128])),
    Choice("network.members", (8, 1, 4, 16)),
    Choice("network.bins", (None, 0, 8, 16, 32, 64), kind="number"),
    Choice("network.embedding_dimension", (None, 2, 4, 8, 16), kind="category"),
    Choice("network.dropout", (None, 0.0, 0.1, 0.2, 0.35, 0.5)),
    Choice("network.batch_normalization", (False, True)),
    Choice("network.text_encoder", ("convolutional", "recurrent", "transformer"), kind="text"),
    Choice("network.series_encoder", ("convolutional", "recurrent"), kind="series"),
    Choice("fit.learning_rate", (None, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2)),
    Choice("fit.schedule", (None, "plateau", "cosine")),
    Choice("fit.weight_decay", (0.0, 0.01, 0.1)),
    Choice("fit.batch_size", (None, 32, 128, 512)),
)
"""A key that is added here is searched; nothing else names it."""


def open_dimensions(config: Config, kinds: Collection[str]) -> tuple[Choice, ...]:
    """The dimensions that matter to these kinds of features and that the configuration does not set.

    Raises InputError where none is left.
    """
    given = set(_given(config))
    space = tuple(one for one in SPACE if one.key not in given and (one.kind is None or one.kind in kinds))
    if not space:
        raise InputError("search.budget: the configuration sets every key that could be searched")
    return space


def suggest(space: Iterable[Choice], trial: Suggests) -> dict[str, Any]:
    """A value a dimension."""
    return {one.key: one.suggest(trial) for one in space}


def changed(space: Iterable[Choice], settings: Settings) -> dict[str, Any]:
    """The settings that are not the default."""
    return {one.key: settings[one.key] for one in space if settings[one.key] != one.default}


def apply(config: Config, settings: Settings) -> Config:
    """The configuration with the settings in it."""
    content = config.model_dump(exclude_unset=True)
    for key, value in settings.items():
        section, name = key.split(".")
        content.setdefault(section, {})[name] = value
    return Config.model_validate(content)


def _given(config: Config) -> Iterable[str]:
    for section in ("network", "fit"):
        for name in getattr(config, section).model_fields_set:
            yield f"{section}.{name}"
