"""A configuration as TOML."""

from typing import Any

import pytest

from training.config import Config, load_config
from training.search.space import apply_settings
from training.search.toml import to_toml


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"seed": 1, "positive": 'a "b"\\\n\x7f é 数'},
        {"columns": {"age": {"minimum": 18}, "a b.c": {"kind": "number", "missing_values": [-1, "x"]}}},
        {"network": {"hidden_units": [64], "batch_normalization": True}, "fit": {"learning_rate": 1e-5}},
        {"decision": {"review": [0.4, 0.6]}, "export": {"precision": ["fp16"]}},
    ],
)
def test_reading_it_gives_the_configuration(tmp_path: Any, content: dict[str, Any]) -> None:
    config = Config.model_validate(content)
    file = tmp_path / "config.toml"
    file.write_text(to_toml(config), encoding="utf-8")
    assert load_config(file) == config


def test_the_search_and_what_the_data_decides_are_left_out(tmp_path: Any) -> None:
    config = Config.model_validate({"search": {"budget": "10m"}, "validation": {"folds": 5}})
    assert to_toml(apply_settings(config, {"network.bins": None, "network.members": 4})) == "\n[network]\nmembers = 4\n"
