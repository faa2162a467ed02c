"""The service tells what each feature adds to an answer's score."""

from pathlib import Path

import numpy as np
import pytest

from app.bundle import store
from app.bundle.errors import BundleError
from app.bundle.manifest import Task
from app.codecs.explanations import join
from app.errors import NotExplainable, PredictionFailed
from app.models.model import Model
from app.settings import Settings
from tests import bundles, explanations


def load(models: Path, name: str = "credit") -> Model:
    return Model(store.read(models, name, 1), Settings(models_dir=models))


def test_contributions_are_the_terms_of_the_graph_by_feature(tmp_path: Path) -> None:
    explanations.publish(tmp_path)
    found = load(tmp_path).explain([load(tmp_path).schema.check(bundles.ROWS)])
    tensors = np.array([[-1, -1, 0, 2, 2], [2.1, -1 / 3, 1, 3, 1], [-2.2, 6, 0, 4, 3]])
    terms = tensors * explanations.weights("binary").T
    np.testing.assert_allclose(found.contributions, terms @ explanations.PLACES, rtol=1e-5)
    np.testing.assert_allclose(found.scores, terms.sum(axis=1) + explanations.SHIFT, rtol=1e-5)


def test_the_gap_is_what_no_feature_accounts_for(tmp_path: Path) -> None:
    explanations.publish(tmp_path)
    model = load(tmp_path)
    found = model.explain([model.schema.check(bundles.ROWS)])
    np.testing.assert_allclose(found.gaps, explanations.SHIFT, atol=1e-5)
    np.testing.assert_allclose(found.scores, found.baselines + found.contributions.sum(axis=1) + found.gaps)


@pytest.mark.parametrize(("task", "labels"), [("binary", [1, 1, 1]), ("multiclass", [2, 2, 2]), ("regression", None)])
def test_of_two_labels_the_second_is_explained_and_of_more_the_graph_s(
    tmp_path: Path, task: Task, labels: list[int] | None
) -> None:
    explanations.publish(tmp_path, task=task)
    model = load(tmp_path)
    found = model.explain([model.schema.check(bundles.ROWS)]).labels
    assert (None if found is None else found.tolist()) == labels


def test_parts_are_explained_as_if_they_were_one(tmp_path: Path) -> None:
    explanations.publish(tmp_path, task="multiclass")
    model = load(tmp_path)
    rows = model.schema.check(bundles.ROWS)
    whole, parts = model.explain([rows]), join([model.explain([rows[:1]]), model.explain([rows[1:]])])
    np.testing.assert_array_equal(whole.contributions, parts.contributions)
    np.testing.assert_array_equal(whole[1:].scores, parts[1:].scores)
    assert len(parts) == 3


def test_a_version_without_an_explanation_says_so(tmp_path: Path) -> None:
    bundles.publish(tmp_path)
    with pytest.raises(NotExplainable, match="credit:1 was published without an explanation"):
        load(tmp_path).explain([load(tmp_path).schema.check(bundles.ROWS)])


def test_a_graph_that_cannot_be_loaded_fails_the_explanation_and_not_the_answer(tmp_path: Path) -> None:
    bundles.publish(tmp_path, explainer=b"no graph", explanation=explanations.DESCRIBED)
    model = load(tmp_path)
    rows = model.schema.check(bundles.ROWS)
    assert len(model.predict(rows)) == 3
    with pytest.raises(PredictionFailed, match="failed to explain: BundleError"):
        model.explain([rows])


def test_a_changed_file_is_refused_at_load(tmp_path: Path) -> None:
    explanations.publish(tmp_path)
    (tmp_path / "credit/1/explain.onnx").write_bytes(b"other")
    with pytest.raises(BundleError, match=r"explain\.onnx must have the SHA-256"):
        store.read(tmp_path, "credit", 1)
