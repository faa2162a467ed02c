"""A release without TensorFlow: the graph of a few nodes of `tests.bundles`, on a table of its features."""

from pathlib import Path
from typing import Any

import numpy as np

from app.bundle.manifest import ParityCertificate, Task
from tests import bundles
from training.config import Config
from training.data.normalize import prepare
from training.data.table import Splits, Table
from training.evaluation.decision import Decision
from training.evaluation.trained_model import TrainedModel
from training.evaluation.verdict import evaluate_model
from training.job import Job
from training.proof.golden import golden_rows
from training.publishing.drift_reference import fit_drift_reference
from training.release import Release

SPLITS = Splits(np.arange(0, 40), np.arange(40, 50), np.arange(50, 80))


def make_release(task: Task = "binary", decision: Decision | None = None) -> Release:
    """Return 80 rows with a random label or value."""
    random = np.random.default_rng(0)
    labels = bundles.LABELS[task]
    columns: dict[str, Any] = {
        "age": random.uniform(18, 70, 80),
        "income": np.where(random.random(80) < 0.3, np.nan, random.uniform(0, 3000, 80)),
        "home": random.choice(["rent", "owner", "other"], 80).tolist(),
        "job title": random.choice(np.array(["clerk", "baker", None], dtype=object), 80).tolist(),
    }
    target = random.integers(len(labels), size=80) if labels else random.normal(100, 20, 80)
    table = Table(bundles.FEATURES, columns, "status", target, task, labels, np.arange(80), ())
    model = TrainedModel(table, SPLITS, prepare(table, SPLITS), bundles.graph(task), decision or Decision())
    job = Job(
        data=Path("x/loans.csv"), target="status", name="credit", models=Path("m"), runs=Path("r"), config=Config()
    )
    return Release(
        name=job.name,
        model=model,
        history={"loss": [0.7, 0.6], "val_loss": [0.8, 0.7]},
        best_epoch=2,
        golden=golden_rows(model),
        reference=fit_drift_reference(model),
        parity=ParityCertificate(
            rows=30,
            edge_rows=1,
            batch_sizes=(1,),
            largest_difference=0,
            label_flips=0,
            tolerance=1e-5,
            versions={"onnxruntime": "1"},
        ),
        verdict=evaluate_model(model),
        provenance=job.provenance("0" * 64, SPLITS),
    )
