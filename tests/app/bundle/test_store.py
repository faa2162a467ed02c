"""Bundles on disk: complete or absent, and refused if a byte differs from what the manifest lists."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app.bundle import store
from app.bundle.errors import BundleError
from tests import bundles
from tests.app.drift import samples

ROOT = Path(__file__).parents[3]
FILES = [store.MODEL, store.NORMALIZATION, store.GOLDEN]


def python(script: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own that can import `tests`."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60, **options)


def edit(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a JSON file in place."""
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def test_a_published_bundle_is_read_back(tmp_path: Path) -> None:
    version = bundles.publish(tmp_path, "credit")
    bundle = store.verify(tmp_path, "credit", version)
    assert (bundle.manifest.name, bundle.manifest.version, version) == ("credit", 1, 1)
    assert bundle.model == bundles.graph("binary")
    assert bundle.golden.rows == tuple(bundles.ROWS)


def test_a_reference_is_optional_and_verified_by_its_digest(tmp_path: Path) -> None:
    reference = samples.reference()
    bundles.publish(tmp_path)
    bundles.publish(tmp_path, reference=reference)
    assert store.verify(tmp_path, "credit", 1).reference is None
    assert store.verify(tmp_path, "credit", 2).reference == reference
    edit(tmp_path / "credit/2" / store.REFERENCE, lambda content: content["features"].clear())
    with pytest.raises(BundleError, match=r"reference\.json must have the SHA-256"):
        store.read(tmp_path, "credit", 2)


def test_versions_count_up_and_are_listed_newest_first(tmp_path: Path) -> None:
    for _ in range(11):
        bundles.publish(tmp_path)
    assert store.versions(tmp_path, "credit") == list(range(11, 0, -1))


def test_a_version_number_is_not_used_again(tmp_path: Path) -> None:
    for name in ("2", "7"):
        (tmp_path / "credit" / name).mkdir(parents=True)
    assert bundles.publish(tmp_path) == 8


@pytest.mark.parametrize("name", ["0", "01", "+1", "1_0", " 1", "１", "1.0", "1000000000", ".staging-1", "latest"])
def test_a_folder_that_is_not_a_version_is_not_listed(tmp_path: Path, name: str) -> None:
    (tmp_path / "credit" / name).mkdir(parents=True)
    assert store.versions(tmp_path, "credit") == []


@pytest.mark.parametrize("name", ["Credit", ".hidden", "credit\n", "-credit", "a" * 65, "ünï"])
def test_a_folder_that_cannot_name_a_model_is_not_listed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    bundles.publish(tmp_path, "credit")
    assert store.model_names(tmp_path) == ["credit"]


def test_a_missing_models_folder_holds_nothing(tmp_path: Path) -> None:
    assert store.model_names(tmp_path / "none") == []
    assert store.versions(tmp_path / "none", "credit") == []


@pytest.mark.parametrize("file", FILES)
def test_a_changed_byte_is_refused_with_the_name_of_its_file(tmp_path: Path, file: str) -> None:
    bundles.publish(tmp_path)
    path = tmp_path / "credit" / "1" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=rf"{file} must have the SHA-256 [0-9a-f]{{64}}, found"):
        store.read(tmp_path, "credit", 1)


@pytest.mark.parametrize("file", [*FILES, store.MANIFEST])
def test_a_missing_file_is_refused_with_its_name(tmp_path: Path, file: str) -> None:
    bundles.publish(tmp_path)
    (tmp_path / "credit" / "1" / file).unlink()
    with pytest.raises(BundleError, match=f"{file} cannot be read: No such file"):
        store.read(tmp_path, "credit", 1)


def test_a_file_without_a_digest_is_refused(tmp_path: Path) -> None:
    bundles.publish(tmp_path)
    edit(tmp_path / "credit/1/manifest.json", lambda content: content["files"].pop(store.MODEL))
    with pytest.raises(BundleError, match=r"must hold the digest of model\.onnx"):
        store.read(tmp_path, "credit", 1)


@pytest.mark.parametrize(
    ("change", "location"),
    [
        ({"task": "guess"}, "task"),
        ({"surprise": 1}, "surprise"),
        ({"format": 2}, "format"),
        ({"version": "1"}, "version"),
        ({"labels": None}, "its root"),
        ({"features": []}, "features"),
    ],
)
def test_a_manifest_that_breaks_its_schema_is_refused_with_the_location(
    tmp_path: Path, change: dict[str, Any], location: str
) -> None:
    bundles.publish(tmp_path)
    edit(tmp_path / "credit/1/manifest.json", lambda content: content.update(change))
    with pytest.raises(BundleError, match=f"manifest.json at {location}: .*, received"):
        store.read(tmp_path, "credit", 1)


def test_a_manifest_that_is_not_json_is_refused(tmp_path: Path) -> None:
    bundles.publish(tmp_path)
    (tmp_path / "credit/1/manifest.json").write_text("{")
    with pytest.raises(BundleError, match=r"manifest\.json at its root: Invalid JSON"):
        store.read(tmp_path, "credit", 1)


def test_a_version_that_was_moved_is_refused(tmp_path: Path) -> None:
    bundles.publish(tmp_path)
    (tmp_path / "credit" / "1").rename(tmp_path / "credit" / "2")
    with pytest.raises(BundleError, match="names credit:1, but its folder is credit/2"):
        store.read(tmp_path, "credit", 2)


def test_verification_covers_the_report_that_the_service_does_not_read(tmp_path: Path) -> None:
    bundles.publish(tmp_path)
    (tmp_path / "credit/1/report/report.html").write_text("<p>better</p>")
    store.read(tmp_path, "credit", 1)
    with pytest.raises(BundleError, match=r"report/report.html must have the SHA-256"):
        store.verify(tmp_path, "credit", 1)


def test_a_file_missing_from_the_manifest_fails_verification(tmp_path: Path) -> None:
    bundles.publish(tmp_path)
    (tmp_path / "credit/1/extra.bin").write_bytes(b"")
    with pytest.raises(BundleError, match=r"differs in \['extra.bin'\]"):
        store.verify(tmp_path, "credit", 1)


def test_a_failing_write_publishes_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    def write(folder: Path, version: int) -> Mapping[str, bytes]:
        (folder / "half").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        store.publish(tmp_path, "credit", write)
    assert store.versions(tmp_path, "credit") == []
    assert not list((tmp_path / "credit").glob(".staging*"))


@pytest.mark.parametrize("name", ["../credit", "a/b", "Credit", ""])
def test_an_invalid_name_is_not_published(tmp_path: Path, name: str) -> None:
    with pytest.raises(BundleError, match="name of a model must match"):
        store.publish(tmp_path / "models", name, lambda _folder, _version: {})
    assert not list(tmp_path.iterdir())


def test_concurrent_publishers_each_get_their_own_version(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        published = list(pool.map(lambda seed: bundles.publish(tmp_path, seed=seed), range(16)))
    assert sorted(published) == list(range(1, 17))
    for version in published:
        store.verify(tmp_path, "credit", version)


KILL_PUBLISHERS = """
import os, random, signal, sys, time
from pathlib import Path
from app.bundle import store
from tests import bundles

models = Path(sys.argv[1])
folder = models / "credit" / str(bundles.publish(models))
manifest = store.read(models, "credit", 1).manifest
contents = {file: (folder / file).read_bytes() for file in manifest.files}

def write(folder, version):
    (folder / "report").mkdir()
    updated = manifest.model_copy(update={"version": version})
    return {**contents, store.MANIFEST: updated.model_dump_json().encode()}

moments = random.Random(7)
for _ in range(60):
    publisher = os.fork()
    while publisher == 0:
        store.publish(models, "credit", write)
    time.sleep(moments.uniform(0.0, 0.03))
    os.kill(publisher, signal.SIGKILL)
    os.waitpid(publisher, 0)
"""


def test_publishers_killed_at_any_moment_leave_no_partial_version(tmp_path: Path) -> None:
    killed = python(KILL_PUBLISHERS, tmp_path)
    assert killed.returncode == 0, killed.stderr
    published = store.versions(tmp_path, "credit")
    assert len(published) > 1
    for version in published:
        store.verify(tmp_path, "credit", version)
    assert bundles.publish(tmp_path) == published[0] + 1


def test_the_next_publisher_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    abandoned = tmp_path / "credit" / ".staging-1"
    abandoned.mkdir(parents=True)
    (abandoned / store.MODEL).write_bytes(b"half")
    assert bundles.publish(tmp_path) == 1
    store.verify(tmp_path, "credit", 1)
    assert not abandoned.exists()


def test_a_full_disk_publishes_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    limit = len(bundles.graph("binary")) // 2

    def limit_file_size() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    script = "import sys; from pathlib import Path; from tests import bundles; bundles.publish(Path(sys.argv[1]))"
    failed = python(script, tmp_path, preexec_fn=limit_file_size)
    assert failed.returncode == 1
    assert os.strerror(errno.EFBIG) in failed.stderr
    assert store.versions(tmp_path, "credit") == []
    assert not list((tmp_path / "credit").glob(".staging*"))


ROUNDED = bundles.graph("binary", rounded=True)


def test_a_variant_is_read_with_its_own_tolerance(tmp_path: Path) -> None:
    bundles.publish(tmp_path, variants={"fp16": ROUNDED})
    bundle = store.verify(tmp_path, "credit", 1, "fp16")
    assert (bundle.precision, bundle.model_file, bundle.model) == ("fp16", "model.fp16.onnx", ROUNDED)
    assert bundle.golden.tolerance == 0.01
    float32 = store.read(tmp_path, "credit", 1)
    assert (float32.precision, float32.model_file, float32.model) == ("fp32", store.MODEL, bundles.graph("binary"))
    assert float32.golden.tolerance == 1e-4


def test_a_variant_that_was_not_published_is_refused(tmp_path: Path) -> None:
    bundles.publish(tmp_path, variants={"fp16": ROUNDED})
    with pytest.raises(BundleError, match=r"it has no int8 variant .*, it was published in fp32, fp16$"):
        store.read(tmp_path, "credit", 1, "int8")


def test_a_manifest_from_before_variants_is_read(tmp_path: Path) -> None:
    bundles.publish(tmp_path)
    edit(tmp_path / "credit/1" / store.MANIFEST, lambda content: content.pop("variants"))
    assert store.read(tmp_path, "credit", 1).manifest.variants == {}


def test_a_changed_variant_is_refused_only_when_it_is_requested(tmp_path: Path) -> None:
    bundles.publish(tmp_path, variants={"fp16": ROUNDED})
    (tmp_path / "credit/1/model.fp16.onnx").write_bytes(bundles.graph("binary"))
    store.read(tmp_path, "credit", 1)
    with pytest.raises(BundleError, match=r"model\.fp16\.onnx must have the SHA-256"):
        store.read(tmp_path, "credit", 1, "fp16")


@pytest.mark.parametrize("file", ["../../other/1/model.onnx", "/model.fp16.onnx", "model.onnx", "model.fp16.onnx\n"])
def test_a_variant_s_file_must_be_beside_its_manifest(tmp_path: Path, file: str) -> None:
    bundles.publish(tmp_path, variants={"fp16": ROUNDED})
    edit(tmp_path / "credit/1" / store.MANIFEST, lambda content: content["variants"]["fp16"].update(file=file))
    with pytest.raises(BundleError, match=r"manifest\.json at variants\.fp16\.file"):
        store.read(tmp_path, "credit", 1, "fp16")
