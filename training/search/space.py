"""The search space: the keys of the configuration that a search may set, and the values of each."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from training.config import Config
from training.errors import InputError

TrialSettings = Mapping[str, Any]
"""Values by key of the configuration, such as `fit.learning_rate`."""


class Suggests(Protocol):
    """The part of an Optuna trial that the search space needs."""

    def suggest_categorical(self, name: str, choices: list[str]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """A key of the configuration and the values to try, of which the first is the default.

    One with a `kind` is searched only if a feature has that kind.
    """

    key: str
    values: tuple[Any, ...]
    kind: str | None = None

    @property
    def default(self) -> Any:
        """The value without a search, which is the first."""
        return self.values[0]

    @property
    def encoded_default(self) -> str:
        """The default as JSON, since Optuna stores categories as text."""
        return json.dumps(self.default)

    def suggest(self, trial: Suggests) -> Any:
        """Return the value that Optuna suggests for the trial."""
        return json.loads(trial.suggest_categorical(self.key, [json.dumps(value) for value in self.values]))

    def __str__(self) -> str:
        return ", ".join(map(format_value, self.values))


def format_value(value: Any) -> str:
    """Return a value as a reader sees it; None means that the data decides."""
    return "by the data" if value is None else str(value)


SPACE: tuple[Hyperparameter, ...] = (
    Hyperparameter(
        "network.hidden_units", (None, [64, 32], [64], [128], [128, 64], [256, 128], [256, 256], [128, 128, 128])
    ),
    Hyperparameter("network.members", (8, 1, 4, 16)),
    Hyperparameter("network.bins", (None, 0, 8, 16, 32, 64), kind="number"),
    Hyperparameter("network.embedding_dimension", (None, 2, 4, 8, 16), kind="category"),
    Hyperparameter("network.dropout", (None, 0.0, 0.1, 0.2, 0.35, 0.5)),
    Hyperparameter("network.batch_normalization", (False, True)),
    Hyperparameter("network.text_encoder", ("convolutional", "recurrent", "transformer"), kind="text"),
    Hyperparameter("network.series_encoder", ("convolutional", "recurrent"), kind="series"),
    Hyperparameter("fit.learning_rate", (None, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2)),
    Hyperparameter("fit.schedule", (None, "plateau", "cosine")),
    Hyperparameter("fit.weight_decay", (0.0, 0.01, 0.1)),
    Hyperparameter("fit.batch_size", (None, 32, 128, 512)),
)
"""All that can be searched: a key that is added here needs no other change."""


def search_space(config: Config, kinds: Collection[str]) -> tuple[Hyperparameter, ...]:
    """Return the hyperparameters that matter to these kinds of features and that the configuration does not set.

    Raises InputError if none is left.
    """
    configured = set(_configured_keys(config))
    space = tuple(
        parameter
        for parameter in SPACE
        if parameter.key not in configured and (parameter.kind is None or parameter.kind in kinds)
    )
    if not space:
        raise InputError("search.budget: the configuration sets every key that could be searched")
    return space


def suggest_settings(space: Iterable[Hyperparameter], trial: Suggests) -> dict[str, Any]:
    """Return the value of each hyperparameter that Optuna suggests for the trial."""
    return {parameter.key: parameter.suggest(trial) for parameter in space}


def non_default_settings(space: Iterable[Hyperparameter], settings: TrialSettings) -> dict[str, Any]:
    """Return the settings that differ from the default."""
    return {
        parameter.key: settings[parameter.key] for parameter in space if settings[parameter.key] != parameter.default
    }


def apply_settings(config: Config, settings: TrialSettings) -> Config:
    """Return the configuration with these settings."""
    content = config.model_dump(exclude_unset=True)
    for key, value in settings.items():
        section, name = key.split(".")
        content.setdefault(section, {})[name] = value
    return Config.model_validate(content)


def _configured_keys(config: Config) -> Iterable[str]:
    for section in ("network", "fit"):
        for name in getattr(config, section).model_fields_set:
            yield f"{section}.{name}"
