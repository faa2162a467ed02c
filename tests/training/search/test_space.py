"""What a search may try."""

import optuna
import pytest

from app.bundle.transforms import TRANSFORMS
from training.config import Config
from training.errors import InputError
from training.search.space import SPACE, Choice, apply, changed, open_dimensions, show, suggest


def test_the_defaults_of_the_space_are_those_of_the_configuration() -> None:
    assert apply(Config(), {one.key: one.default for one in SPACE}) == Config()


@pytest.mark.parametrize("dimension", SPACE, ids=lambda one: one.key)
def test_every_choice_is_a_valid_configuration(dimension: Choice) -> None:
    for value in dimension.values:
        apply(Config(), {dimension.key: value})


def test_what_the_configuration_sets_is_not_searched_even_where_it_is_the_default() -> None:
    config = Config.model_validate({"network": {"members": 8}, "fit": {"learning_rate": 0.001, "epochs": 3}})
    keys = {one.key for one in open_dimensions(config, TRANSFORMS)}
    assert keys == {one.key for one in SPACE} - {"network.members", "fit.learning_rate"}


def test_what_matters_to_one_kind_is_searched_only_where_a_feature_has_it() -> None:
    keys = {one.key for one in open_dimensions(Config(), {"category"})}
    assert "network.embedding_dimension" in keys
    assert "network.bins" not in keys


def test_a_configuration_that_leaves_nothing_open_is_bad_input() -> None:
    config = apply(Config(), {one.key: one.default for one in SPACE})
    with pytest.raises(InputError, match=r"search\.budget: the configuration sets every key"):
        open_dimensions(config, TRANSFORMS)


def test_settings_go_over_the_configuration_and_leave_the_rest() -> None:
    config = Config.model_validate({"seed": 7, "fit": {"epochs": 3}})
    applied = apply(config, {"network.hidden_units": [64, 32], "fit.learning_rate": 0.01})
    assert applied == Config.model_validate(
        {"seed": 7, "network": {"hidden_units": (64, 32)}, "fit": {"epochs": 3, "learning_rate": 0.01}}
    )


def test_a_trial_s_parameters_become_values() -> None:
    space = (Choice("network.hidden_units", ([8], [16, 4])), Choice("fit.learning_rate", (None, 1e-4, 1e-1)))
    trial = optuna.trial.FixedTrial({"network.hidden_units": "[16, 4]", "fit.learning_rate": "0.1"})
    assert suggest(space, trial) == {"network.hidden_units": [16, 4], "fit.learning_rate": 0.1}


def test_only_settings_that_are_not_the_default_are_changed() -> None:
    space = (Choice("network.members", (8, 1)), Choice("network.bins", (None, 0)))
    assert changed(space, {"network.members": 8, "network.bins": 0}) == {"network.bins": 0}


def test_a_value_that_the_data_decides_is_shown_as_such() -> None:
    assert show(None) == "by the data"
    assert str(Choice("network.bins", (None, 0))) == "by the data, 0"
