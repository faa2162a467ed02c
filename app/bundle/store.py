"""Bundles on disk: `models/<name>/<version>/`, where each version is either complete or absent."""

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from app.bundle.catalogue import Catalogue
from app.bundle.display import shorten
from app.bundle.errors import BundleError
from app.bundle.manifest import MAX_VERSION, NAME_PATTERN, Golden, Manifest, Precision, ReducedPrecision, Variant
from app.bundle.normalization import Normalization
from app.bundle.reference import Reference

MANIFEST, GOLDEN, NORMALIZATION, MODEL = "manifest.json", "golden.json", "normalization.json", "model.onnx"
REFERENCE, CATALOGUE, EXPLANATION = "reference.json", "catalogue.json", "explain.onnx"
_STAGING_PREFIX = ".staging-"
_VERSION = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)

FileModel = TypeVar("FileModel", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Bundle:
    """One version in memory, with verified digests and schemas. Immutable.

    `model` is the ONNX graph in the requested precision, `model_file` its file name, and `golden` has its tolerance.
    `explanation` is the ONNX graph of explain.onnx. It, `reference` and `catalogue` are None if the version has none.
    """

    manifest: Manifest
    normalization: Normalization
    golden: Golden
    reference: Reference | None
    explanation: bytes | None
    model: bytes
    model_file: str
    precision: Precision
    catalogue: Catalogue | None = None


def model_names(models: Path) -> list[str]:
    """Return the names of the models in a folder, in alphabetical order; there are none if it does not exist."""
    if not models.is_dir():
        return []
    return sorted(path.name for path in models.iterdir() if re.fullmatch(NAME_PATTERN, path.name) and path.is_dir())


def versions(models: Path, name: str) -> list[int]:
    """Return the published versions of a model, newest first."""
    folder = models / name
    if not folder.is_dir():
        return []
    names = (path.name for path in folder.iterdir() if path.is_dir())
    return sorted((int(name) for name in names if _VERSION.fullmatch(name)), reverse=True)


def read(models: Path, name: str, version: int, precision: Precision = "fp32") -> Bundle:
    """Read a version with its graph in a precision, and verify the digest and the schema of each file it needs.

    Raises BundleError if a file is missing, has another digest than the manifest lists, or breaks its schema, and if
    the version has no graph in that precision.
    """
    folder = models / name / str(version)
    manifest = _parse(Manifest, MANIFEST, _read_file(folder, MANIFEST))
    if (manifest.name, manifest.version) != (name, version):
        raise BundleError(f"{MANIFEST} names {manifest.name}:{manifest.version}, but its folder is {name}/{version}")
    golden = _parse(Golden, GOLDEN, _verified(folder, manifest, GOLDEN))
    model_file = MODEL
    if precision != "fp32":
        variant = _variant(manifest, precision)
        model_file = variant.file
        golden = golden.model_copy(update={"tolerance": variant.golden_tolerance})
    return Bundle(
        manifest=manifest,
        normalization=_parse(Normalization, NORMALIZATION, _verified(folder, manifest, NORMALIZATION)),
        golden=golden,
        reference=_optional(Reference, folder, manifest, REFERENCE),
        explanation=_verified(folder, manifest, EXPLANATION) if manifest.explanation else None,
        model=_verified(folder, manifest, model_file),
        model_file=model_file,
        precision=precision,
        catalogue=_optional(Catalogue, folder, manifest, CATALOGUE),
    )


def publish(models: Path, name: str, write: Callable[[Path, int], Mapping[str, bytes]]) -> int:
    """Publish the next version of a model and return its number.

    `write(folder, version)` writes files to a staging folder and returns the contents of the remaining ones, by file
    name, to be written beside them. Raises whatever `write` raises, OSError (such as a full disk), and BundleError if
    the name is not valid or its version numbers are used up. Nothing is published then.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise BundleError(f"the name of a model must match {NAME_PATTERN}, received {shorten(name)}")
    model_folder = models / name
    model_folder.mkdir(parents=True, exist_ok=True)
    with _locked(model_folder):
        for abandoned in model_folder.glob(f"{_STAGING_PREFIX}*"):
            shutil.rmtree(abandoned)
        version = max(versions(models, name), default=0) + 1
        if version > MAX_VERSION:
            raise BundleError(f"a version is at most {MAX_VERSION}, the next would be {version}")
        staging = model_folder / f"{_STAGING_PREFIX}{version}"
        staging.mkdir()
        try:
            for file, content in write(staging, version).items():
                (staging / file).write_bytes(content)
            _flush(staging)
            staging.rename(model_folder / str(version))
            _fsync(model_folder)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
    return version


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder except its manifest, by relative path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()) for path in files}


def sha256(content: bytes) -> str:
    """Return the SHA-256 of bytes, in lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def verify(models: Path, name: str, version: int, precision: Precision = "fp32") -> Bundle:
    """Read a version as `read` does, and verify every other file as well, such as the report.

    The service skips the files that it does not read. Raises BundleError as `read` does, and if the files in the folder
    are not exactly those that the manifest lists.
    """
    bundle = read(models, name, version, precision)
    folder = models / name / str(version)
    if digests(folder).keys() != bundle.manifest.files.keys():
        different = sorted(digests(folder).keys() ^ bundle.manifest.files.keys())
        raise BundleError(f"{MANIFEST} must list exactly the files of its folder, it differs in {shorten(different)}")
    for file in bundle.manifest.files:
        _verified(folder, bundle.manifest, file)
    return bundle


def _variant(manifest: Manifest, precision: ReducedPrecision) -> Variant:
    if precision not in manifest.variants:
        published = ", ".join(["fp32", *manifest.variants])
        raise BundleError(f"it has no {precision} variant (SLIPWAY_PRECISION), it was published in {published}")
    return manifest.variants[precision]


def _optional(model: type[FileModel], folder: Path, manifest: Manifest, file: str) -> FileModel | None:
    return _parse(model, file, _verified(folder, manifest, file)) if file in manifest.files else None


def _verified(folder: Path, manifest: Manifest, file: str) -> bytes:
    if file not in manifest.files:
        raise BundleError(f"{MANIFEST} must hold the digest of {file}, found none")
    content = _read_file(folder, file)
    digest = sha256(content)
    if digest != manifest.files[file]:
        raise BundleError(f"{file} must have the SHA-256 {manifest.files[file]}, found {digest}")
    return content


def _read_file(folder: Path, file: str) -> bytes:
    try:
        return (folder / file).read_bytes()
    except OSError as error:
        raise BundleError(f"{file} cannot be read: {error.strerror}") from error


def _parse(model: type[FileModel], file: str, content: bytes) -> FileModel:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        location = ".".join(str(key) for key in first["loc"]) or "its root"
        raise BundleError(f"{file} at {location}: {first['msg']}, received {shorten(first['input'])}") from error


@contextmanager
def _locked(model_folder: Path) -> Iterator[None]:
    """Hold the lock that lets one process at a time publish a model.

    The lock ends with its process, so a staging folder that its next holder finds was abandoned.
    """
    with (model_folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _flush(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        _fsync(path)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
