"""The table's road at training: from a data file to a published version."""

from collections.abc import Sequence
from dataclasses import replace

from app.bundle.manifest import Provenance
from app.bundle.tables.long_format import gather
from app.bundle.tables.reader import DataFile, open_table
from training.config import check_decision, seconds
from training.console.narrator import Narrator
from training.data.cleaning import clean
from training.data.folds import CrossValidation, draw_folds
from training.data.normalize import Prepared, normalize
from training.data.split import split
from training.data.table import Splits, Table
from training.job import Job, digest, files_digest
from training.search.result import Found
from training.search.space import open_dimensions


def run(job: Job, narrator: Narrator) -> int:
    """Train, prove and publish; return the version.

    Raises InputError or TableError (bad input), OSError (a full disk) and ParityError, and publishes nothing then.
    """
    narrator.step("Data", job.data.name)
    table = clean(_open(job), job.target, job.config)
    check_decision(table.task, job.config.decision)
    splits = split(table, job.config)
    folds = draw_folds(table, splits, job.config)
    prepared = normalize(table, splits)
    provenance = job.provenance(digest(job.data), splits, files_digest(table))
    narrator.data(table, provenance.rows)

    found = _search(job, prepared, provenance, narrator)
    if found:
        job = replace(job, config=found.config)
        provenance = provenance.model_copy(update={"config": found.config.model_dump(mode="json")})
    validated = _cross_validate(folds, job, table, narrator)

    narrator.step("Fit", "TensorFlow is being imported")
    from training.publishing.publish import publish
    from training.tensorflow_stages import learn

    release = learn(job, table, splits, prepared, provenance, narrator)
    version = publish(job.models, replace(release, search=found, cross_validation=validated))
    narrator.published(job.models, job.name, version)
    return version


def _open(job: Job) -> DataFile:
    """The data file, gathered into a row an id where its rows are steps."""
    data, config = open_table(job.data, job.files), job.config
    if config.long is None:
        return data
    ignored = [name for name, one in config.columns.items() if one.kind == "ignore"]
    single = [name for name in (job.target, config.split.column, config.split.time, *config.segments) if name]
    return gather(data, config.long.id, config.long.order, ignored=ignored, single=single)


def _search(job: Job, prepared: Prepared, provenance: Provenance, narrator: Narrator) -> Found | None:
    """The best configuration that the budget finds, where there is one."""
    budget = job.config.search.budget
    if budget is None:
        return None
    space = open_dimensions(job.config, {one.kind for one in prepared.features})
    narrator.step("Search", f"for {budget}, judged by the validation split; TensorFlow is being imported")
    from training.search.search import search

    folder = job.folder(provenance.data_sha256, provenance.files_sha256)
    return search(prepared, job.config, space, seconds(budget), folder, narrator.console)


def _cross_validate(folds: Sequence[Splits], job: Job, table: Table, narrator: Narrator) -> CrossValidation | None:
    """The metrics of the folds, where there are some."""
    if not folds:
        return None
    narrator.step("Cross-validation", f"{len(folds)} folds of the rows outside the test split")
    from training.cross_validation import cross_validate

    return cross_validate(table, folds, job.config, narrator)
