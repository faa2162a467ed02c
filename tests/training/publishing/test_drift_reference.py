"""The reference: what the service would count on the very rows that training saw."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.bundle import store
from app.bundle.bins.measured import MeasuredReference
from app.bundle.manifest import Task
from app.bundle.outputs import decode
from app.bundle.transforms import Feature
from app.bundle.transforms.ids import UserFeature
from app.bundle.transforms.series import SeriesFeature
from app.bundle.transforms.text import TextFeature
from app.drift.window import Window
from tests import bundles, kind_bundles
from tests.training.releases import SPLITS, make_release
from training.data.normalize import prepare
from training.data.table import Table, take_rows
from training.evaluation.trained_model import TrainedModel
from training.export.runtime import Graph
from training.publishing.drift_reference import fit_drift_reference
from training.publishing.publish import build_manifest, publish


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_service_counts_the_train_rows_as_the_reference_says(tmp_path: Path, task: Task) -> None:
    release = make_release(task)
    publish(tmp_path, release)
    bundle = store.verify(tmp_path, "credit", 1)
    assert bundle.reference == release.reference
    window = Window(bundle.manifest, bundle.normalization, release.reference, release.model.prepared.preprocessor)
    raw = release.model.prepared.preprocessor.vectorize(take_rows(release.model.table.columns, SPLITS.train))
    for one in window.features:
        counted = one.counter.count(raw[one.kind][:, one.index])
        assert counted.tolist() == [a_bin.expected for a_bin in one.counter.bins]
    assert [one.name for one in window.features] == [one.name for one in release.model.table.features]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_scores_are_those_of_the_rows_that_the_network_was_not_fitted_on(task: Task) -> None:
    release = make_release(task)
    rows = np.concatenate([SPLITS.validation, SPLITS.test])
    prepared, graph = release.model.prepared, Graph(release.model.graph)
    raw = prepared.preprocessor.vectorize(take_rows(release.model.table.columns, rows))
    outputs = graph.run(prepared.preprocessor.normalize(raw), len(rows))
    decoded = decode(task, outputs, prepared.normalization.target)
    window = Window(build_manifest(release, 1, {}), prepared.normalization, release.reference, prepared.preprocessor)
    window.add(raw, decoded)
    last = window.counts()[-len(window.score.bins) :]
    assert last.tolist() == [one.expected for one in window.score.bins]
    assert sum(last) == len(rows)


FEATURES: tuple[Feature, ...] = (
    TextFeature(name="review", nullable=True),
    UserFeature(name="who", nullable=False),
    SeriesFeature(name="load", nullable=True),
)


def test_what_a_vocabulary_knows_too_well_is_counted_on_the_rows_that_were_held_out() -> None:
    columns: dict[str, Any] = {
        "review": ["good room"] * 40 + ["good 猫"] * 39 + [None],
        "who": ["ann"] * 40 + ["ann", "eve"] * 20,
        "load": [[1.0, 2.0]] * 40 + [[1.0, 2.0, 3.0]] * 40,
    }
    table = Table(FEATURES, columns, "status", np.arange(80) % 2, "binary", bundles.LABELS["binary"], np.arange(80), ())
    prepared = prepare(table, SPLITS)
    model = TrainedModel(table, SPLITS, prepared, kind_bundles.graph(prepared.preprocessor.tensors))
    review, who, load = fit_drift_reference(model).features.values()
    assert isinstance(review, MeasuredReference)
    assert isinstance(who, MeasuredReference)
    assert isinstance(load, MeasuredReference)
    length, rank = review.quantities["length"], who.quantities["rank"]
    assert (length.unseen, length.counts, length.missing) == (20, (20,), 1)  # of 39 texts, half of each
    assert (rank.unseen, rank.counts) == (20, (20,))
    assert (load.quantities["length"].cut, load.quantities["mean"].counts) == (40, (40,))
