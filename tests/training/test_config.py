"""The configuration file."""

from pathlib import Path

import pytest

from training.config import Config, check_duration, duration_seconds, load_config
from training.errors import InputError


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "config.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_without_a_file_the_defaults_hold() -> None:
    assert load_config(None) == Config()


def test_options_override_the_file_and_the_file_the_defaults(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, 'seed = 1\npositive = "bad"\n'), seed=2, positive=None)
    assert (config.seed, config.positive, config.task) == (2, "bad", None)


def test_reads_columns(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, '[columns.age]\nkind = "number"\nmissing_values = [-1, "x"]\n'))
    assert config.columns["age"].missing_values == (-1.0, "x")


@pytest.mark.parametrize(("duration", "expected"), [("90s", 90), ("10m", 600), ("1h", 3600)])
def test_a_duration_is_converted_to_seconds(duration: str, expected: int) -> None:
    assert duration_seconds(check_duration(duration)) == expected


def test_reads_the_variants_to_make(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, '[export]\nprecision = ["fp16"]\n')).export.precision == ("fp16",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("seed = [", "is not TOML"),
        (b"positive = '\xe9'", "is not TOML"),
        ("sead = 1", "sead: Extra inputs are not permitted"),
        ("[columns.age]\nkind = 'nummber'", "columns.age.kind: .* received 'nummber'"),
        ("[fit]\nepochs = 0", "fit.epochs: .* received 0"),
        ("[export]\nprecision = ['fp32']", "export.precision.0: .* received 'fp32'"),
        ("[card]\nintended = 'loans'", "card.intended: Extra inputs are not permitted"),
        ("[split]\ntest = 1.5", "split.test: .* received 1.5"),
        ("[search]\nbudget = '10 min'", "search.budget: .* 90s, 10m or 1h, received '10 min'"),
        ("[search]\nbudget = '0s'", "search.budget: .* received '0s'"),
        ("[validation]\nfolds = 1", "validation.folds: .* received 1"),
        ("[decision]\noptimize = 'recall'", "decision: .*at_least must be set if optimize is precision or recall"),
        ("[decision]\nreview = [0.6, 0.4]", "decision: .*a lower and an upper bound, in this order"),
    ],
)
def test_a_broken_rule_is_reported_with_its_key(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(InputError, match=f"config.toml: .*{message}"):
        load_config(path)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml: the configuration cannot be read: No such file"):
        load_config(tmp_path / "none.toml")
