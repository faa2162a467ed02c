"""A change to one feature, of each kind, changes only the numbers of the tensors that `owners` ascribes to it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from app.bundle.preprocessor import Preprocessor, fit
from app.bundle.transforms import TRANSFORMS, Feature
from app.bundle.transforms.audio import AudioFeature
from app.bundle.transforms.boolean import BooleanFeature
from app.bundle.transforms.category import CategoryFeature
from app.bundle.transforms.date import DateFeature
from app.bundle.transforms.ids import ItemFeature, UserFeature
from app.bundle.transforms.image import ImageFeature
from app.bundle.transforms.number import NumberFeature
from app.bundle.transforms.series import SeriesFeature
from app.bundle.transforms.text import TextFeature
from tests.media import picture, square, tone

CASES: dict[str, tuple[Sequence[Feature], Sequence[Any]]] = {
    "number": ([NumberFeature(name=name, nullable=name != "b") for name in "abc"], [1.0, 5.0, 2.0]),
    "category": ([CategoryFeature(name=name, nullable=True) for name in "abc"], ["x", "y", "z"]),
    "boolean": ([BooleanFeature(name=name, nullable=name != "b") for name in "abc"], [True, False, True]),
    "date": (
        [DateFeature(name=name, nullable=name != "b", order="unix") for name in "abc"],
        [0.0, 40_000_000.0, 100_000.5],
    ),
    "series": (
        [SeriesFeature(name=name, nullable=True) for name in "abc"],
        [np.array([1.0, 2.0]), np.array([3.0]), np.array([0.5, 4.0, 9.0])],
    ),
    "text": ([TextFeature(name=name, nullable=True) for name in "abc"], ["one two", "three", "two four two"]),
    "image": (
        [ImageFeature(name=name, nullable=True, height=2, width=2, channels=1) for name in "abc"],
        [picture(square(grey, side=2)) for grey in (0, 90, 200)],
    ),
    "audio": (
        [AudioFeature(name=name, nullable=True, sample_rate=8000, seconds=0.1) for name in "abc"],
        [tone(pitch) for pitch in (200, 500, 900)],
    ),
    "user": ([UserFeature(name=name, nullable=True) for name in "abc"], ["x", "y", "y"]),
    "item": ([ItemFeature(name=name, nullable=True) for name in "abc"], ["x", "y", "y"]),
}


def test_every_kind_is_looked_at() -> None:
    assert CASES.keys() == TRANSFORMS.keys()


@pytest.mark.parametrize("kind", CASES)
def test_another_value_of_a_feature_changes_its_own_numbers_alone(kind: str) -> None:
    features, cells = CASES[kind]
    columns = {feature.name: list(cells) for feature in features}
    preprocessor = Preprocessor(features, fit(features, columns))
    transform, read = preprocessor.transforms[kind], preprocessor.read(columns)["a"]
    rows = [*([cell] * 3 for cell in read), [None if feature.nullable else read[0] for feature in features]]
    raw = transform.vectorize_rows(rows)
    before, owners = transform.normalize(raw), transform.owners()
    assert owners.keys() == before.keys()
    for index in range(3):
        after = transform.normalize(transform.exchange(raw, index, raw[[1, 2, 3, 0]]))
        changed = {name: (before[name] != after[name]).any(axis=0) for name in before}
        assert any(is_changed.any() for is_changed in changed.values())
        for name, is_changed in changed.items():
            assert (np.broadcast_to(owners[name], is_changed.shape)[is_changed] == index).all()
