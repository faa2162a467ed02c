"""The exported explanation is proved, and refused where it explains another network."""

import numpy as np
import pytest

from app.bundle import store
from app.bundle.manifest import Task
from app.model import Model
from app.settings import Settings
from tests.training.conftest import Run
from tests.training.tables import make_prepared
from training.config import NetworkConfig
from training.errors import ParityError

pytestmark = pytest.mark.tensorflow

FOUND = {"contributions": np.array([[0.5, 2.0]]), "score": np.array([[3.0]]), "baseline": np.array([[0.5]])}


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_onnxruntime_explains_as_tensorflow_does(task: Task) -> None:
    from training.backend import keras
    from training.explanation import explanation
    from training.network import build
    from training.runtime import Graph

    keras.utils.set_random_seed(5)
    prepared = make_prepared(task)
    options = {"batch_normalization": True} if task == "multiclass" else {}
    proven = explanation(build(prepared, NetworkConfig(hidden_units=(16, 8), **options)), prepared)
    parity = proven.described.parity
    assert (parity.rows, parity.edge_rows) == (20, 24)
    assert parity.largest_difference < 1e-5
    assert parity.answer_difference < 1e-5
    assert parity.median_gap <= parity.largest_gap
    label = ["label"] if task == "multiclass" else []
    assert sorted(Graph(proven.content).outputs) == sorted(["contributions", "score", "baseline", *label])


def test_a_difference_from_tensorflow_is_refused() -> None:
    from training.explanation import largest_difference

    other = {**FOUND, "contributions": np.array([[0.5, 2.01]])}
    assert largest_difference(FOUND, FOUND) == 0
    with pytest.raises(ParityError, match=r"may differ from TensorFlow's by 0\.001, it differs by 0\.00333"):
        largest_difference(FOUND, other)


def test_a_number_that_is_none_is_refused() -> None:
    from training.explanation import largest_difference

    with pytest.raises(ParityError, match="differs by nan"):
        largest_difference(FOUND, {**FOUND, "score": np.array([[np.nan]])})


def test_scores_of_another_network_are_refused() -> None:
    from training.explanation import answer_difference

    probability = 1 / (1 + np.exp(-3.0))
    assert answer_difference("binary", FOUND, np.array([[probability]])) < 1e-9
    with pytest.raises(ParityError, match="may differ from the network's answer"):
        answer_difference("binary", FOUND, np.array([[probability - 0.01]]))


def test_a_published_version_explains_its_own_answers(trained: Run) -> None:
    bundle = store.verify(trained.models, "loans", 1)
    assert bundle.manifest.explanation is not None
    assert "explanation: " in trained.output
    model = Model(bundle, Settings(models_dir=trained.models))
    rows = model.schema.check(bundle.golden.rows)
    found = model.explain([rows])
    assert found.contributions.shape == (len(rows), len(bundle.manifest.features))
    if bundle.manifest.calibration is None:
        expected = np.array(bundle.golden.expected)[:, 1]
        np.testing.assert_allclose(1 / (1 + np.exp(-found.scores)), expected, atol=1e-5)
    assert np.abs(found.gaps).max() <= 0.05 * np.abs(found.scores - found.baselines).max()
