"""Publishing a release: all of it is in the bundle, and the service loads it."""

from pathlib import Path

import pytest

from app.bundle import store
from app.bundle.manifest import Task
from app.metrics import Metrics
from app.model import LoadedModel
from app.settings import Settings
from tests.training.releases import make_release
from training.publish import publish


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_service_loads_a_release_of_each_task(tmp_path: Path, task: Task) -> None:
    assert publish(tmp_path, make_release(task)) == 1
    bundle = store.verify(tmp_path, "credit", 1)
    LoadedModel(bundle, Settings(models_dir=tmp_path), Metrics())


def test_the_manifest_describes_the_graph_and_the_run(tmp_path: Path) -> None:
    release = make_release("multiclass")
    publish(tmp_path, release)
    manifest = store.read(tmp_path, "credit", 1).manifest
    assert {one.name: (one.dtype, one.shape) for one in manifest.inputs} == {
        "number": ("float32", (None, 3)),
        "category": ("int32", (None, 2)),
    }
    assert [(one.name, one.shape) for one in manifest.outputs] == [("probabilities", (None, 3))]
    assert manifest.features == release.table.features
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
