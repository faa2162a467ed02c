"""SLIPWAY_PRECISION: the graph that answers is the one that was asked for, or none."""

from pathlib import Path

import pytest

from app.bundle import store
from app.bundle.manifest import Precision
from app.settings import Settings
from tests import bundles
from tests.server import running

VARIANT = bundles.graph("binary", rounded=True)


@pytest.mark.parametrize(("precision", "graph"), [("fp32", bundles.graph("binary")), ("fp16", VARIANT)])
def test_the_graph_of_the_precision_answers_and_is_told(tmp_path: Path, precision: Precision, graph: bytes) -> None:
    bundles.publish(tmp_path, variants={"fp16": VARIANT})
    expected = bundles.answers(graph, store.read(tmp_path, "credit", 1).normalization, "binary", bundles.ROWS)
    with running(Settings(models_dir=tmp_path, precision=precision)) as client:
        predictions = client.post("/predict", json={"instances": bundles.ROWS}).json()["predictions"]
        assert [prediction["probabilities"]["bad"] for prediction in predictions] == expected[:, 1].tolist()
        assert client.get("/health").json()["models"][0]["precision"] == precision
        described = client.get("/models/credit").json()
        assert described["precision"] == precision
        assert described["variants"]["fp16"]["golden_tolerance"] == 0.01


def test_a_bundle_without_the_variant_is_not_ready_and_says_why(models: Path) -> None:
    with running(Settings(models_dir=models, precision="int8")) as client:
        response = client.get("/health/ready")
        assert response.status_code == 503
        assert response.json()["reasons"] == [
            "credit:1 was refused: it has no int8 variant (SLIPWAY_PRECISION), it was published in fp32"
        ]
        response = client.get("/models/credit")
        assert response.status_code == 503
        assert "it has no int8 variant" in response.json()["detail"]


def test_an_earlier_version_that_has_the_variant_answers(tmp_path: Path) -> None:
    bundles.publish(tmp_path, variants={"int8": VARIANT})
    bundles.publish(tmp_path)
    with running(Settings(models_dir=tmp_path, precision="int8")) as client:
        content = client.get("/health").json()
    assert [(model["version"], model["precision"]) for model in content["models"]] == [(1, "int8")]
    assert [rejected["version"] for rejected in content["rejected"]] == [2]


def test_a_variant_that_does_not_give_the_golden_answers_is_refused(tmp_path: Path) -> None:
    bundles.publish(tmp_path, variants={"fp16": bundles.graph("binary", seed=1)})
    with running(Settings(models_dir=tmp_path, precision="fp16")) as client:
        (reason,) = client.get("/health/ready").json()["reasons"]
    assert "golden answers must hold within 0.01, they differ by" in reason
