"""The search space."""

import optuna
import pytest

from app.bundle.transforms import TRANSFORMS
from training.config import Config
from training.errors import InputError
from training.search.space import (
    SPACE,
    Hyperparameter,
    apply_settings,
    format_value,
    non_default_settings,
    search_space,
    suggest_settings,
)


def test_the_defaults_of_the_space_are_those_of_the_configuration() -> None:
    assert apply_settings(Config(), {parameter.key: parameter.default for parameter in SPACE}) == Config()


@pytest.mark.parametrize("parameter", SPACE, ids=lambda parameter: parameter.key)
def test_every_value_is_valid_in_the_configuration(parameter: Hyperparameter) -> None:
    for value in parameter.values:
        apply_settings(Config(), {parameter.key: value})


def test_a_configured_key_is_not_searched_even_at_its_default() -> None:
    config = Config.model_validate({"network": {"members": 8}, "fit": {"learning_rate": 0.001, "epochs": 3}})
    keys = {parameter.key for parameter in search_space(config, TRANSFORMS)}
    assert keys == {parameter.key for parameter in SPACE} - {"network.members", "fit.learning_rate"}


def test_what_matters_to_one_kind_is_searched_only_if_a_feature_has_it() -> None:
    keys = {parameter.key for parameter in search_space(Config(), {"category"})}
    assert "network.embedding_dimension" in keys
    assert "network.bins" not in keys


def test_a_configuration_that_leaves_nothing_open_is_bad_input() -> None:
    config = apply_settings(Config(), {parameter.key: parameter.default for parameter in SPACE})
    with pytest.raises(InputError, match=r"search\.budget: the configuration sets every key"):
        search_space(config, TRANSFORMS)


def test_settings_override_the_configuration_and_keep_the_rest() -> None:
    config = Config.model_validate({"seed": 7, "fit": {"epochs": 3}})
    applied = apply_settings(config, {"network.hidden_units": [64, 32], "fit.learning_rate": 0.01})
    assert applied == Config.model_validate(
        {"seed": 7, "network": {"hidden_units": (64, 32)}, "fit": {"epochs": 3, "learning_rate": 0.01}}
    )


def test_a_trial_s_parameters_become_values() -> None:
    space = (
        Hyperparameter("network.hidden_units", ([8], [16, 4])),
        Hyperparameter("fit.learning_rate", (None, 1e-4, 1e-1)),
    )
    trial = optuna.trial.FixedTrial({"network.hidden_units": "[16, 4]", "fit.learning_rate": "0.1"})
    assert suggest_settings(space, trial) == {"network.hidden_units": [16, 4], "fit.learning_rate": 0.1}


def test_only_settings_that_are_not_the_default_are_changed() -> None:
    space = (Hyperparameter("network.members", (8, 1)), Hyperparameter("network.bins", (None, 0)))
    assert non_default_settings(space, {"network.members": 8, "network.bins": 0}) == {"network.bins": 0}


def test_a_value_that_the_data_decides_is_shown_as_such() -> None:
    assert format_value(None) == "by the data"
    assert str(Hyperparameter("network.bins", (None, 0))) == "by the data, 0"
