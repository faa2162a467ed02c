"""The training pipeline: from a data file to a published version.

Tests: tests/training/test_main.py, tests/e2e/test_road.py
"""

from collections.abc import Sequence
from dataclasses import replace

from app.bundle.manifest import Provenance
from app.bundle.tables.long_format import gather
from app.bundle.tables.reader import DataFile, open_table
from training.config import IGNORE, check_decision, duration_seconds
from training.console.narrator import Narrator
from training.data.cleaning import clean
from training.data.folds import CrossValidation, draw_folds
from training.data.normalize import Prepared, prepare
from training.data.split import split_rows
from training.data.table import Splits, Table
from training.job import Job, file_sha256, referenced_files_sha256
from training.search.result import SearchResult
from training.search.space import search_space


def run(job: Job, narrator: Narrator) -> int:
    """Train, prove and publish a model; return the version.

    Raises InputError or TableError where the input is wrong, ParityError where the proof fails and OSError where the
    disk is full, and publishes nothing then.
    """
    narrator.step("Data", job.data.name)
    table = clean(_open(job), job.target, job.config)
    check_decision(table.task, job.config.decision)
    splits = split_rows(table, job.config)
    folds = draw_folds(table, splits, job.config)
    prepared = prepare(table, splits)
    provenance = job.provenance(file_sha256(job.data), splits, referenced_files_sha256(table))
    narrator.data(table, provenance.rows)

    search_result = _search(job, prepared, provenance, narrator)
    if search_result:
        job = replace(job, config=search_result.config)
        provenance = provenance.model_copy(update={"config": search_result.config.model_dump(mode="json")})
    cross_validation = _cross_validate(folds, job, table, narrator)

    narrator.step("Fit", "TensorFlow is being imported")
    from training.publishing.publish import publish
    from training.tensorflow_stages import train_and_prove

    release = train_and_prove(job, table, splits, prepared, provenance, narrator)
    version = publish(job.models, replace(release, search=search_result, cross_validation=cross_validation))
    narrator.published(job.models, job.name, version)
    return version


def _open(job: Job) -> DataFile:
    """Open the data file; where its rows are steps of series, gather them into one row for each id."""
    data, config = open_table(job.data, job.files), job.config
    if config.long is None:
        return data
    ignored = [name for name, column in config.columns.items() if column.kind == IGNORE]
    single = [name for name in (job.target, config.split.column, config.split.time, *config.segments) if name]
    return gather(data, config.long.id, config.long.order, ignored=ignored, single=single)


def _search(job: Job, prepared: Prepared, provenance: Provenance, narrator: Narrator) -> SearchResult | None:
    """Return the result of the search, or None if the configuration asks for none."""
    budget = job.config.search.budget
    if budget is None:
        return None
    space = search_space(job.config, {feature.kind for feature in prepared.features})
    narrator.step("Search", f"for {budget}, compared on the validation split; TensorFlow is being imported")
    from training.search.search import run_search

    folder = job.folder(provenance.data_sha256, provenance.files_sha256)
    return run_search(prepared, job.config, space, duration_seconds(budget), folder, narrator.console)


def _cross_validate(folds: Sequence[Splits], job: Job, table: Table, narrator: Narrator) -> CrossValidation | None:
    """Return the metrics over the folds, None where no cross-validation is configured."""
    if not folds:
        return None
    narrator.step("Cross-validation", f"{len(folds)} folds of the rows outside the test split")
    from training.cross_validation import cross_validate

    return cross_validate(table, folds, job.config, narrator)
