"""The table's road at training: from a data file to a published version."""

from app.bundle.tables import open_table
from training.cleaning import clean
from training.config import check_decision
from training.job import Job, digest, files_digest
from training.narrator import Narrator
from training.prepare import normalize
from training.split import split


def run(job: Job, narrator: Narrator) -> int:
    """Train, prove and publish; return the version.

    Raises InputError or TableError (bad input), OSError (a full disk) and ParityError, and publishes nothing then.
    """
    narrator.step("Data", job.data.name)
    table = clean(open_table(job.data, job.files), job.target, job.config)
    check_decision(table.task, job.config.decision)
    splits = split(table, job.config)
    prepared = normalize(table, splits)
    provenance = job.provenance(digest(job.data), splits, files_digest(table))
    narrator.data(table, provenance.rows)

    narrator.step("Fit", "TensorFlow is being imported")
    from training.learn import learn
    from training.publish import publish

    version = publish(job.models, learn(job, table, splits, prepared, provenance, narrator))
    narrator.published(job.models, job.name, version)
    return version
