"""A training job: what a run was asked for, and the folder of its checkpoints and logs."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.bundle.display import shorten
from app.bundle.manifest import NAME_PATTERN, Provenance
from training.config import Config
from training.data.table import Splits, Table
from training.errors import InputError
from training.export.versions import library_versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A training run: versions are published in `models`, checkpoints and logs are kept in `runs`.

    `files` is the folder or archive of the files that cells name, None where that is the data file's folder.
    """

    data: Path
    target: str
    name: str
    models: Path
    runs: Path
    config: Config
    files: Path | None = None

    def folder(self, *digests: str | None) -> Path:
        """Return the run's folder, which another data file, target, configuration or library version changes.

        Settings that do not affect the fit do not change it, so that an interrupted fit resumes after another decision
        is configured, and a longer search continues a shorter one.
        """
        config = self.config.model_dump_json(exclude={"decision", "search", "validation", "segments", "card"})
        identity = [*filter(None, digests), self.target, config, str(library_versions())]
        return self.runs / self.name / hashlib.sha256("\n".join(identity).encode()).hexdigest()[:16]

    def provenance(self, data_sha256: str, splits: Splits, files_sha256: str | None = None) -> Provenance:
        """Return where the bundle comes from; the data file's folder is left out as private."""
        return Provenance(
            created_at=datetime.now(UTC),
            data_file=self.data.name,
            data_sha256=data_sha256,
            files_sha256=files_sha256,
            rows={"train": len(splits.train), "validation": len(splits.validation), "test": len(splits.test)},
            seed=self.config.seed,
            config=self.config.model_dump(mode="json"),
            versions=library_versions(),
        )


def model_name(name: str | None, data: Path) -> str:
    """Return the given name, or one made from the data file's; raises InputError where it cannot name a model."""
    if name is None:
        name = re.sub(r"[^a-z0-9_-]+", "-", data.name.partition(".")[0].lower()).strip("-_")[:64]
    if not re.fullmatch(NAME_PATTERN, name):
        raise InputError(f"--name must match {NAME_PATTERN}, received {shorten(name)}")
    return name


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file of any size, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def referenced_files_sha256(table: Table) -> str | None:
    """Return the SHA-256 over all files that the rows name, in their order; None where they name none."""
    cells = [cell for column in table.columns.values() for cell in column if isinstance(cell, bytes)]
    if not cells:
        return None
    digests = b"".join(hashlib.sha256(cell).digest() for cell in cells)
    return hashlib.sha256(digests).hexdigest()
