"""The rows that hardly a test split holds."""

import itertools

import numpy as np

from app.bundle.transforms.number import NumberStatistics
from tests.training.tables import FEATURES, make_prepared
from training.data.kinds.category import UNSEEN
from training.data.kinds.number import HUGE
from training.data.normalize import tensors_from_rows
from training.proof.edge_rows import edge_rows

PREPARED = make_prepared("binary")
ROWS = edge_rows(FEATURES, PREPARED.normalization)


def test_missing_unseen_and_extreme_values_meet_in_every_way() -> None:
    met = {(row["age"], row["home"]) for row in ROWS}
    age = PREPARED.normalization.features["age"]
    assert isinstance(age, NumberStatistics)
    numbers = (age.median, age.minimum, age.maximum, HUGE, -HUGE, None)
    assert met >= set(itertools.product(numbers, (UNSEEN, None)))
    assert len(met) == len(ROWS) == 24


def test_every_row_has_every_feature_and_finite_tensors() -> None:
    assert all(row.keys() == {"age", "home", "income"} for row in ROWS)
    tensors = tensors_from_rows(ROWS, PREPARED.preprocessor)
    assert all(np.isfinite(one).all() for one in tensors.values())


def test_a_feature_without_categories_has_edge_rows_too() -> None:
    statistics = PREPARED.normalization.features["home"].model_copy(update={"categories": ()})
    normalization = PREPARED.normalization.model_copy(update={"features": {"home": statistics}})
    rows = edge_rows([one for one in FEATURES if one.name == "home"], normalization)
    assert {row["home"] for row in rows} == {UNSEEN, None}
