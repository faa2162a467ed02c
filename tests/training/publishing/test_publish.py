"""Publishing a release: all of it is in the bundle, and the service loads it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from app.bundle import store
from app.bundle.calibration import Temperature
from app.bundle.manifest import Precision, Task
from app.models.served import ServedModel
from app.settings import Settings
from app.telemetry.metrics import Metrics
from tests import bundles
from tests.training.releases import make_release
from training.evaluation.calibration import CalibrationChoice
from training.evaluation.decision import Decision
from training.export.variants import ProvenVariant, Timing
from training.publishing.publish import publish
from training.release import Release


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_service_loads_a_release_of_each_task(tmp_path: Path, task: Task) -> None:
    assert publish(tmp_path, make_release(task)) == 1
    bundle = store.verify(tmp_path, "credit", 1)
    ServedModel(bundle, Settings(models_dir=tmp_path), Metrics())


def test_the_manifest_describes_the_graph_and_the_run(tmp_path: Path) -> None:
    release = make_release("multiclass")
    publish(tmp_path, release)
    manifest = store.read(tmp_path, "credit", 1).manifest
    assert {one.name: (one.dtype, one.shape) for one in manifest.inputs} == {
        "number": ("float32", (None, 3)),
        "category": ("int32", (None, 2)),
    }
    assert [(one.name, one.shape) for one in manifest.outputs] == [("probabilities", (None, 3))]
    assert manifest.features == release.model.table.features
    assert manifest.metrics == {
        "validation": release.verdict.validation.metrics,
        "test": release.verdict.test.metrics,
    }
    assert (manifest.parity, manifest.provenance) == (release.parity, release.provenance)


def test_the_report_is_that_of_the_version_that_is_published(tmp_path: Path) -> None:
    release = make_release()
    publish(tmp_path, release)
    publish(tmp_path, release)
    report = (tmp_path / "credit" / "2" / "report" / "report.html").read_text(encoding="utf-8")
    assert "<title>credit, version 2: model report</title>" in report


def test_json_is_written_for_people_to_read_too(tmp_path: Path) -> None:
    publish(tmp_path, make_release())
    for file in (store.MANIFEST, store.NORMALIZATION, store.GOLDEN):
        assert len((tmp_path / "credit" / "1" / file).read_text(encoding="utf-8").splitlines()) > 10


def with_variants(task: Task) -> Release:
    """A release with two variants, of the limits of an fp16 graph."""
    release = make_release(task)
    parity = release.parity.model_copy(update={"tolerance": 0.01, "tolerated_flips": 1})
    variant = ProvenVariant(bundles.graph(task, rounded=True), parity, (Timing(1, 2e-5, 1e-5), Timing(128, 3e-5, 4e-5)))
    return replace(release, variants={"fp16": variant, "int8": variant})


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_the_service_loads_each_variant_of_a_release(tmp_path: Path, precision: Precision) -> None:
    publish(tmp_path, with_variants("binary"))
    bundle = store.verify(tmp_path, "credit", 1, precision)
    assert ServedModel(bundle, Settings(models_dir=tmp_path), Metrics()).model.precision == precision


def test_a_variant_has_its_proof_and_a_tolerance_in_the_target_s_unit(tmp_path: Path) -> None:
    release = with_variants("regression")
    publish(tmp_path, release)
    manifest = store.read(tmp_path, "credit", 1).manifest
    target = release.model.prepared.normalization.target
    assert target is not None
    assert manifest.variants.keys() == {"fp16", "int8"}
    assert manifest.variants["int8"].file == "model.int8.onnx"
    assert manifest.variants["int8"].parity == release.variants["int8"].parity
    assert manifest.variants["int8"].golden_tolerance == pytest.approx(0.01 * target.standard_deviation)


def test_a_release_without_variants_publishes_one_graph(tmp_path: Path) -> None:
    publish(tmp_path, make_release())
    assert [one.name for one in (tmp_path / "credit" / "1").glob("*.onnx")] == ["model.onnx"]
    assert "Variants" not in (tmp_path / "credit" / "1" / "report" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("task", "flips"), [("binary", "0 of 1"), ("regression", None)])
def test_the_report_lists_each_variant_with_its_size_proof_and_times(
    tmp_path: Path, task: Task, flips: str | None
) -> None:
    release = with_variants(task)
    publish(tmp_path, release)
    html = (tmp_path / "credit" / "1" / "report" / "report.html").read_text(encoding="utf-8")
    table = html.partition("<h3>Variants</h3>")[2].partition("</table>")[0]
    rows = [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in table.split("<tr>")[2:]]
    size = f"{len(release.variants['int8'].content) / 1000:.3g} kB"
    proof = f"0.0e+00 of 1e-02 {flips + ' ' if flips else ''}20 µs fp32 10 µs 30 µs fp32 40 µs"
    assert [row.split()[0] for row in rows] == ["fp32", "fp16", "int8"]
    assert rows[2] == f"int8 {size} {proof}"
    assert rows[0].startswith(f"fp32 {len(release.model.graph) / 1000:.3g} kB 0.0e+00 of 1e-05")


def test_a_decision_is_published_and_judged_with_what_it_changes(tmp_path: Path) -> None:
    decision = Decision(
        0.3, (0.2, 0.4), CalibrationChoice(Temperature(temperature=2.0), {"none": 0.7, "temperature": 0.6})
    )
    release = make_release("binary", decision)
    publish(tmp_path, release)
    bundle = store.verify(tmp_path, "credit", 1)
    ServedModel(bundle, Settings(models_dir=tmp_path), Metrics())
    manifest = bundle.manifest
    assert (manifest.calibration, manifest.threshold, manifest.review) == (decision.calibration, 0.3, (0.2, 0.4))
    raw = release.verdict.uncalibrated
    assert raw is not None
    test = release.verdict.test.metrics
    assert test["calibration_error"] != raw[1].metrics["calibration_error"]
    assert test["roc_auc"] == pytest.approx(raw[1].metrics["roc_auc"])
    html = (tmp_path / "credit" / "1" / "report" / "report.html").read_text(encoding="utf-8")
    assert f"{raw[1].metrics['calibration_error']:.4f}" in html
    assert f"{test['calibration_error']:.4f}" in html
    assert "from a probability of 0.3" in html
