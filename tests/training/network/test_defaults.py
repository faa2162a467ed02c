"""Settings of the network that the data decides."""

import pytest

from app.bundle.manifest import Task
from tests.training.tables import make_prepared
from training.config import NetworkConfig
from training.network.defaults import dropout_rate, hidden_units, is_large_regression


@pytest.mark.parametrize(
    ("task", "n_rows", "large"),
    [("regression", 12_500, True), ("regression", 12_490, False), ("binary", 12_500, False)],
)
def test_a_regression_of_many_train_rows_is_large(task: Task, n_rows: int, large: bool) -> None:
    """80 % of these tables' rows are in the train split."""
    assert is_large_regression(make_prepared(task, n_rows)) == large


@pytest.mark.parametrize(("task", "units"), [("regression", (256, 128)), ("binary", (128, 64))])
def test_a_large_regression_has_wider_layers(task: Task, units: tuple[int, ...]) -> None:
    assert hidden_units(make_prepared(task, 15_000), NetworkConfig()) == units


@pytest.mark.parametrize(
    ("task", "n_rows", "rate"), [("binary", 500, 0.5), ("multiclass", 12_500, 0.25), ("regression", 500, 0.0)]
)
def test_the_rows_decide_the_dropout_of_labels_and_a_regression_has_none(task: Task, n_rows: int, rate: float) -> None:
    prepared = make_prepared(task, n_rows)
    assert dropout_rate(prepared, NetworkConfig()) == pytest.approx(rate)
    assert dropout_rate(prepared, NetworkConfig(dropout=0.1)) == 0.1
