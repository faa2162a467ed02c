"""Explanations against other ways of coming to the same numbers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from app.bundle.manifest import Task
from app.bundle.transforms import Feature
from app.bundle.transforms.number import NumberFeature
from app.bundle.transforms.series import SeriesFeature
from tests.training.tables import make_prepared, make_splits, make_table
from training.config import NetworkConfig
from training.data.normalize import Prepared, prepare
from training.data.table import Table

pytestmark = pytest.mark.tensorflow


def fitted(prepared: Prepared, epochs: int = 0, **options: Any) -> Any:
    from training.backend import keras
    from training.network.ensemble import MemberLoss
    from training.network.network import LOSSES, build

    keras.utils.set_random_seed(5)
    network = build(prepared, NetworkConfig(hidden_units=(16,), **options))
    network.compile(keras.optimizers.Adam(1e-2), MemberLoss(LOSSES[prepared.task]))
    if epochs:
        network.fit(prepared.train.tensors, prepared.train.targets, epochs=epochs, verbose=0)
    return network


def explain(network: Any, prepared: Prepared, rows: Sequence[int]) -> dict[str, NDArray[Any]]:
    from training.backend import tf
    from training.explanation.explainer import IntegratedGradients

    function = tf.function(IntegratedGradients(network, prepared), autograph=False)
    found = [
        function({name: tf.constant(one[row : row + 1]) for name, one in prepared.test.tensors.items()}) for row in rows
    ]
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def logit(network: Any, tensors: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
    probability = np.asarray(network(tensors, training=False), dtype=np.float64)[:, 0]
    odds: NDArray[np.float64] = np.log(probability / (1 - probability))
    return odds


def only(table: Table, *names: str) -> Table:
    """The table with these features alone."""
    columns = {name: table.columns[name] for name in names}
    return replace(table, features=tuple(one for one in table.features if one.name in names), columns=columns)


def noisy(table: Table) -> Table:
    """The table without missing incomes, and with a label in five that is wrong, so that no score is extreme."""
    income = np.asarray(table.columns["income"])
    columns = {**table.columns, "income": np.where(np.isnan(income), 2000.0, income).tolist()}
    if table.task != "binary":
        return replace(table, columns=columns)
    wrong = np.random.default_rng(0).random(len(table.target)) < 0.2
    return replace(table, columns=columns, target=np.where(wrong, 1 - table.target, table.target))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_score_is_the_answer_s_and_the_gap_is_small(task: Task) -> None:
    prepared = make_prepared(task)
    network = fitted(prepared, epochs=5)
    found = explain(network, prepared, range(20))
    answers = np.asarray(network(prepared.test.tensors, training=False), dtype=np.float64)
    scores = found["score"][:, 0].astype(np.float64)
    if task == "regression":
        target = prepared.normalization.target
        assert target is not None
        np.testing.assert_allclose(scores, answers[:, 0] * target.standard_deviation + target.mean, rtol=1e-5)
    else:
        best = answers.argmax(axis=1) if task == "multiclass" else np.zeros(20, dtype=int)
        np.testing.assert_allclose(1 / (1 + np.exp(-scores)), answers[np.arange(20), best], atol=1e-6)
        if task == "multiclass":
            np.testing.assert_array_equal(found["label"], best)
    distance = (found["score"] - found["baseline"])[:, 0]
    gaps = distance - found["contributions"].sum(axis=1)
    assert np.abs(gaps).max() < 0.01 * np.abs(distance).max()


def test_more_steps_leave_a_smaller_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = make_prepared("binary")
    network = fitted(prepared, epochs=5)
    gaps = []
    for steps in (2, 64):
        monkeypatch.setattr("training.explanation.path.STEPS", steps)
        found = explain(network, prepared, range(20))
        gaps.append(np.abs((found["score"] - found["baseline"])[:, 0] - found["contributions"].sum(axis=1)).mean())
    assert gaps[1] < gaps[0] / 10


def test_contributions_are_the_finite_differences_along_the_path() -> None:
    table = only(make_table("binary"), "age", "income")
    prepared = prepare(table, make_splits())
    network = fitted(prepared, epochs=5, bins=0)
    mean, epsilon = prepared.train.tensors["number"].mean(axis=0), 0.01
    found = explain(network, prepared, range(8))["contributions"]
    along = np.linspace(0, 1, 201)[:, None]
    for row, contributions in zip(prepared.test.tensors["number"], found, strict=False):
        expected = []
        for owned in ([0], [1, 2]):  # age; income, and whether it is missing
            share = np.zeros(3)
            share[owned] = (row - mean)[owned]
            ahead, behind = (
                logit(network, {"number": (mean + along * (row - mean) + step * share).astype(np.float32)})
                for step in (epsilon, -epsilon)
            )
            slopes = (ahead - behind) / (2 * epsilon)
            expected.append(np.trapezoid(slopes, along[:, 0]))
        np.testing.assert_allclose(contributions, expected, atol=0.02 * np.abs(expected).max())


@pytest.mark.filterwarnings("ignore:The set_.* function:PendingDeprecationWarning")  # matplotlib, of shap's colours
@pytest.mark.parametrize("task", ["regression", "binary"])
def test_contributions_rank_as_shap_s_values_do_up_to_a_constant_a_feature(task: Task) -> None:
    """Shap begins at the mean of many rows' scores, an explanation here at the score of their mean."""
    import shap

    table = noisy(make_table(task, n_rows=400))
    prepared = prepare(table, make_splits(400))
    network = fitted(prepared, epochs=10)

    def score(cells: NDArray[np.float64]) -> NDArray[np.float64]:
        number = np.concatenate([cells[:, :2], np.zeros_like(cells[:, :1])], axis=1)[:, :prepared_width]
        tensors = {"number": number.astype(np.float32), "category": cells[:, 2:].astype(np.int32)}
        if task == "binary":
            return logit(network, tensors)
        return np.asarray(network(tensors, training=False), dtype=np.float64)[:, 0]

    def cells(tensors: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
        return np.concatenate([tensors["number"][:, :2], tensors["category"]], axis=1).astype(np.float64)

    prepared_width = prepared.test.tensors["number"].shape[1]
    explainer = shap.explainers.Exact(score, shap.maskers.Independent(cells(prepared.train.tensors), max_samples=100))
    values = explainer(cells(prepared.test.tensors), silent=True).values[:, [0, 2, 1]]  # age, home, income
    found = explain(network, prepared, range(40))["contributions"]
    for index in range(3):
        assert spearmanr(found[:, index], values[:, index]).statistic > 0.9
    found, values = found - found.mean(axis=0), values - values.mean(axis=0)
    assert spearmanr(found.ravel(), values.ravel()).statistic > 0.95
    assert spearmanr(np.abs(found).ravel(), np.abs(values).ravel()).statistic > 0.95


def test_a_feature_that_the_answer_does_not_hang_on_adds_nothing() -> None:
    prepared = make_prepared("binary")
    network = fitted(prepared, embedding_dimension=2)
    embedding = network.get_layer("category_0_embedding")
    embedding.set_weights([np.ones_like(one) for one in embedding.get_weights()])
    found = explain(network, prepared, range(5))["contributions"]
    np.testing.assert_allclose(found[:, 1], 0, atol=1e-6)
    assert np.abs(found[:, 0]).min() > 1e-4


def test_series_that_share_an_encoder_are_told_apart() -> None:
    random = np.random.default_rng(0)
    columns: dict[str, Any] = {
        "first": [random.normal(0, 1, 6) for _ in range(60)],
        "second": [random.normal(0, 1, 6)] * 60,
        "age": random.normal(40, 9, 60),
    }
    features: tuple[Feature, ...] = (
        *(SeriesFeature(name=name, nullable=False) for name in ("first", "second")),
        NumberFeature(name="age", nullable=False),
    )
    table = replace(make_table("binary", 60), features=features, columns=columns)
    prepared = prepare(table, make_splits(60))
    found = explain(fitted(prepared), prepared, range(6))
    first, second, age = np.abs(found["contributions"]).mean(axis=0)
    assert min(first, age) > 1e-4
    assert second < 1e-6, "it is the same in every row"
    gaps = (found["score"] - found["baseline"])[:, 0] - found["contributions"].sum(axis=1)
    assert np.abs(gaps).max() < 0.02
