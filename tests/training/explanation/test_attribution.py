"""An encoder's output for a row is split into contributions by feature."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.bundle.transforms import Feature
from app.bundle.transforms.series import SeriesFeature
from tests.training.tables import make_splits, make_table
from training.config import NetworkConfig
from training.data.normalize import Prepared, prepare

pytestmark = pytest.mark.tensorflow


def part(prepared: Prepared, kind: str) -> Any:
    from training.explanation.explainer import IntegratedGradients
    from training.network.network import build

    explainer = IntegratedGradients(build(prepared, NetworkConfig(hidden_units=(4,))), prepared)
    return explainer._encoders[list(prepared.preprocessor.transforms).index(kind)]


def test_units_are_one_feature_s_each_also_those_that_no_train_row_moves() -> None:
    table = make_table("binary")
    income = np.nan_to_num(np.asarray(table.columns["income"]), nan=2000.0)  # so that it is never missing
    prepared = prepare(replace(table, columns={**table.columns, "income": income}), make_splits())
    owned = part(prepared, "number")._owners
    assert owned is not None
    np.testing.assert_array_equal(owned[:, :3], [[1, 0, 0], [0, 1, 1]])  # age; income and whether it is missing
    np.testing.assert_array_equal(owned.sum(axis=0), 1)


def test_an_encoder_that_mixes_features_shares_what_they_make_together() -> None:
    random = np.random.default_rng(0)
    features: tuple[Feature, ...] = tuple(SeriesFeature(name=name, nullable=False) for name in ("first", "second"))
    columns: dict[str, Any] = {one.name: [random.normal(0, 1, 6) for _ in range(60)] for one in features}
    prepared = prepare(replace(make_table("binary", 60), features=features, columns=columns), make_splits(60))
    series = part(prepared, "series")
    assert series._owners is None
    row = {name: one[:1] for name, one in prepared.test.tensors.items()}
    step, contributions = series.step(row)
    slopes = np.ones_like(step)
    assert np.abs(contributions(slopes)).min() > 1e-4
    np.testing.assert_allclose(np.sum(contributions(slopes)), np.sum(step), atol=1e-4)
