"""Releases with all that a report and a card tell, evaluated on answers that are drawn at random."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.bundle.manifest import Explanation, ExplanationCertificate, ParityCertificate, Provenance, Task
from app.bundle.transforms import Feature
from app.bundle.transforms.category import CategoryFeature
from app.bundle.transforms.number import NumberFeature
from tests.training.releases import make_release
from training.data.normalize import prepare
from training.data.table import Finding, Splits, Table
from training.evaluation.evaluate import baseline_predictions, evaluate_predictions
from training.evaluation.trained_model import TrainedModel
from training.evaluation.verdict import Verdict
from training.explanation.proven import ProvenExplanation
from training.release import Release

VERSIONS = {"keras": "3.15.1", "onnxruntime": "1.32.0"}
EXPLANATION = ProvenExplanation(
    b"",
    Explanation(
        steps=6,
        parity=ExplanationCertificate(
            rows=80,
            edge_rows=9,
            largest_difference=2.4e-7,
            answer_difference=1e-7,
            tolerance=1e-3,
            median_gap=0.0012,
            largest_gap=0.034,
            versions=VERSIONS,
        ),
    ),
)
FEATURES: tuple[Feature, ...] = (
    NumberFeature(name="income", nullable=True, missing_values=(-1.0,), description="Euros a month"),
    CategoryFeature(name="home", nullable=True),
)
COLUMNS: dict[str, Any] = {
    "income": np.array([1200.0, 1800.0, np.nan, -1.0] * 15),
    "home": ["rent", "owner", None, "rent"] * 15,
}


def make_reported(
    task: Task = "binary",
    labels: tuple[str, ...] = ("good", "bad"),
    features: Sequence[Feature] = FEATURES,
    columns: dict[str, Any] = COLUMNS,
) -> Release:
    """Return a release of a model that reads these features; `columns` are those of the train split."""
    return replace(
        make_release(task),
        name="loans",
        model=_model(task, labels, features, columns),
        history={"loss": [0.9, 0.6, 0.5], "val_loss": [0.95, 0.7, 0.72], "learning_rate": [0.001] * 3},
        best_epoch=2,
        verdict=_verdict(task, labels),
        parity=ParityCertificate(
            rows=120,
            edge_rows=9,
            batch_sizes=(1, 2, 7, 120),
            largest_difference=2.4e-7,
            label_flips=0,
            tolerance=1e-5,
            versions=VERSIONS,
        ),
        provenance=Provenance(
            created_at=datetime(2026, 5, 4, 3, 2, tzinfo=UTC),
            data_file="loans.csv",
            data_sha256="ab" * 32,
            rows={"train": 60, "validation": 120, "test": 120},
            seed=42,
            config={"fit": {"optimizer": "adam"}},
            versions=VERSIONS,
        ),
    )


def with_table(release: Release, **changes: Any) -> Release:
    """Return the release with these fields of its table changed."""
    return replace(release, model=replace(release.model, table=replace(release.model.table, **changes)))


def _model(task: Task, labels: tuple[str, ...], features: Sequence[Feature], columns: dict[str, Any]) -> TrainedModel:
    rows = np.arange(len(columns[features[0].name]))
    table = Table(
        features=tuple(features),
        columns=columns,
        target_name="status",
        target=rows * 1.0 if task == "regression" else rows % len(labels),
        task=task,
        labels=None if task == "regression" else labels,
        row_ids=rows,
        findings=(Finding("income", "two cells hold a blank", "taken as missing", 2),),
    )
    splits = Splits(rows, rows[:1], rows[:1])  # of which the report reads the train split alone
    return TrainedModel(table, splits, prepare(table, splits), graph=b"")


def _verdict(task: Task, labels: tuple[str, ...]) -> Verdict:
    random = np.random.default_rng(1)
    n_rows = 120
    truth: Any
    if task == "regression":
        truth = random.normal(100, 20, n_rows)
        predictions = (truth + random.normal(0, 5, n_rows))[:, None]
    else:
        truth = random.integers(0, len(labels), n_rows)
        scores = random.random((n_rows, len(labels))) + np.eye(len(labels))[truth] * 0.6
        predictions = scores / scores.sum(axis=1, keepdims=True)
    named = None if task == "regression" else labels
    test = evaluate_predictions(task, named, truth, predictions)
    return Verdict(
        test, test, evaluate_predictions(task, named, truth, baseline_predictions(task, truth, len(labels), n_rows))
    )
