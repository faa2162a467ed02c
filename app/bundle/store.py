"""Bundles on disk: `models/<name>/<version>/`, each version whole or absent."""

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

Part = TypeVar("Part", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Bundle:
    """One version read into memory, its digests and schemas verified; never changes.

    `model` is the graph of the precision that was asked for, `model_file` its name, and `golden` has its tolerance.
    `reference`, `catalogue` and `explanation`, the graph that explains, are None where there is none.
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
    """Names of the models under a folder, in alphabetical order; a folder that is not there holds none."""
    if not models.is_dir():
        return []
    return sorted(one.name for one in models.iterdir() if re.fullmatch(NAME_PATTERN, one.name) and one.is_dir())


def versions(models: Path, name: str) -> list[int]:
    """Published versions of a model, newest first."""
    folder = models / name
    if not folder.is_dir():
        return []
    found = (one.name for one in folder.iterdir() if one.is_dir())
    return sorted((int(one) for one in found if _VERSION.fullmatch(one)), reverse=True)


def read(models: Path, name: str, version: int, precision: Precision = "fp32") -> Bundle:
    """The bundle of a version, with its graph in the precision.

    Raises BundleError where a file is missing, has another digest than the manifest says, or breaks its schema, and
    where the version holds no graph of that precision.
    """
    folder = models / name / str(version)
    manifest = _parse(Manifest, MANIFEST, _read_file(folder, MANIFEST))
    if (manifest.name, manifest.version) != (name, version):
        raise BundleError(f"{MANIFEST} names {manifest.name}:{manifest.version}, but lies at {name}:{version}")
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
    """Publish the next version of a model and return it.

    `write(folder, version)` fills the staging folder with every file but the manifest; what it returns, a mapping
    of file name to contents, is written beside them. Raises what `write` raises, OSError (a full disk), and BundleError
    where no more version or no model can have the name, and publishes nothing then.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise BundleError(f"the name of a model must match {NAME_PATTERN}, received {shorten(name)}")
    home = models / name
    home.mkdir(parents=True, exist_ok=True)
    with _locked(home):
        for abandoned in home.glob(f"{_STAGING_PREFIX}*"):
            shutil.rmtree(abandoned)
        version = max(versions(models, name), default=0) + 1
        if version > MAX_VERSION:
            raise BundleError(f"a version is at most {MAX_VERSION}, the next would be {version}")
        staging = home / f"{_STAGING_PREFIX}{version}"
        staging.mkdir()
        try:
            for file, content in write(staging, version).items():
                (staging / file).write_bytes(content)
            _flush(staging)
            staging.rename(home / str(version))
            _fsync(home)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
    return version


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder but its manifest, by relative path."""
    files = sorted(one for one in folder.rglob("*") if one.is_file() and one != folder / MANIFEST)
    return {one.relative_to(folder).as_posix(): sha256(one.read_bytes()) for one in files}


def sha256(content: bytes) -> str:
    """Digest in lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def verify(models: Path, name: str, version: int, precision: Precision = "fp32") -> Bundle:
    """As `read`, and the digest of every other file too (a service needs only what it reads)."""
    bundle = read(models, name, version, precision)
    folder = models / name / str(version)
    if digests(folder).keys() != bundle.manifest.files.keys():
        odd = sorted(digests(folder).keys() ^ bundle.manifest.files.keys())
        raise BundleError(f"{MANIFEST} must list the files that are there, it differs in {shorten(odd)}")
    for file in bundle.manifest.files:
        _verified(folder, bundle.manifest, file)
    return bundle


def _variant(manifest: Manifest, precision: ReducedPrecision) -> Variant:
    if precision not in manifest.variants:
        held = ", ".join(["fp32", *manifest.variants])
        raise BundleError(f"it must hold the precision {precision} (SLIPWAY_PRECISION), it was published in {held}")
    return manifest.variants[precision]


def _optional(model: type[Part], folder: Path, manifest: Manifest, file: str) -> Part | None:
    return _parse(model, file, _verified(folder, manifest, file)) if file in manifest.files else None


def _verified(folder: Path, manifest: Manifest, file: str) -> bytes:
    if file not in manifest.files:
        raise BundleError(f"{MANIFEST} must hold the digest of {file}, found none")
    content = _read_file(folder, file)
    found = sha256(content)
    if found != manifest.files[file]:
        raise BundleError(f"{file} must have the SHA-256 {manifest.files[file]}, found {found}")
    return content


def _read_file(folder: Path, file: str) -> bytes:
    try:
        return (folder / file).read_bytes()
    except OSError as error:
        raise BundleError(f"{file} cannot be read: {error.strerror}") from error


def _parse(model: type[Part], file: str, content: bytes) -> Part:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(one) for one in first["loc"]) or "its root"
        raise BundleError(f"{file} at {where}: {first['msg']}, received {shorten(first['input'])}") from error


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """One publisher a model at a time; the lock dies with its process, so that a staging folder found is nobody's."""
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _flush(folder: Path) -> None:
    for one in [*folder.rglob("*"), folder]:
        _fsync(one)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
