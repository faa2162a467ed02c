"""Counting rows by bin: each row once, in bounded memory, with older rows weighing less."""

from threading import Thread
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.bundle.errors import BundleError
from app.bundle.manifest import Task
from app.bundle.normalization import Normalization
from app.bundle.preprocessor import Preprocessor, Raw
from app.bundle.reference import Reference
from app.bundle.score_bins import ScoreReference
from app.bundle.transforms.category import CategoryReference
from app.bundle.transforms.number import NumberReference
from app.drift.window import HALF_LIFE_ROWS, PENDING_ROWS, Window
from tests import bundles
from tests.app.drift.samples import population, reference

NORMALIZATION = Normalization(features=bundles.STATISTICS)


def window(bins: Reference | None = None, task: Task = "binary") -> Window:
    preprocessor = Preprocessor(bundles.FEATURES, NORMALIZATION)
    return Window(bundles.manifest("credit", 1, task, {}), NORMALIZATION, bins or reference(), preprocessor)


def batch(n_rows: int, seed: int = 2) -> tuple[Raw, NDArray[np.float64]]:
    preprocessor = Preprocessor(bundles.FEATURES, NORMALIZATION)
    raw = preprocessor.vectorize(preprocessor.columns(population(n_rows, seed)))
    probability = np.random.default_rng(seed).random(n_rows)
    return raw, np.stack([1 - probability, probability], axis=1)


def select(raw: Raw, decoded: NDArray[np.float64], rows: slice) -> tuple[Raw, NDArray[np.float64]]:
    return {kind: array[rows] for kind, array in raw.items()}, decoded[rows]


@pytest.mark.parametrize("size", [1, 7, 100, PENDING_ROWS - 1, PENDING_ROWS, 1500])
def test_counts_do_not_depend_on_the_size_of_batches(size: int) -> None:
    raw, decoded = batch(1500)
    whole, parts = window(), window()
    whole.add(raw, decoded)
    for first in range(0, 1500, size):
        parts.add(*select(raw, decoded, slice(first, first + size)))
    assert parts.counts() == pytest.approx(whole.counts(), rel=0.1)
    assert 1400 < parts.counts()[-len(parts.score.bins) :].sum() <= 1500


def test_pending_rows_are_counted_once_when_counts_are_read() -> None:
    counted = window()
    counted.add(*batch(3))
    assert counted.counts().sum() == 3 * 5  # four features and the score
    assert counted.counts().sum() == 15


def test_every_row_is_counted_in_the_bin_of_its_value() -> None:
    counted = window()
    raw, decoded = batch(300)
    counted.add(raw, decoded)
    first = 0
    for feature in counted.features:
        last = first + len(feature.counter.bins)
        expected = feature.counter.count(raw[feature.kind][:, feature.index])
        assert counted.counts()[first:last].tolist() == expected.tolist()
        first = last
    assert [feature.name for feature in counted.features] == ["age", "income", "home", "job title"]


def test_a_row_counts_half_after_the_half_life() -> None:
    counted = window()
    early, late = batch(1, seed=3), batch(HALF_LIFE_ROWS, seed=4)
    counted.add(*early)
    before = counted.counts()
    counted.add(*late)
    alone = window()
    alone.add(*late)
    assert counted.counts() - alone.counts() == pytest.approx(before / 2)


def test_rows_are_copied_and_not_kept_as_views() -> None:
    counted = window()
    raw, decoded = batch(2)
    counted.add(raw, decoded)
    expected = counted.counts().copy()
    counted.add(raw, decoded)
    raw["number"][:] = 1e9
    decoded[:] = 0
    assert counted.counts() == pytest.approx(2 * expected, rel=1e-3)


def test_concurrent_threads_lose_no_row() -> None:
    counted = window()
    single_row = batch(1)

    def add() -> None:
        for _ in range(1000):
            counted.add(*single_row)
            counted.counts()

    threads = [Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    decay = 0.5 ** (1 / HALF_LIFE_ROWS)
    assert counted.counts().sum() == pytest.approx(5 * (1 - decay**4000) / (1 - decay), rel=0.06)


def test_a_feature_without_a_reference_is_not_monitored() -> None:
    full = reference()
    counted = window(full.model_copy(update={"features": {"home": full.features["home"]}}))
    counted.add(*batch(10))
    assert [feature.name for feature in counted.features] == ["home"]
    assert counted.counts().sum() == 20


NUMBER = NumberReference(edges=(), counts=(1,), missing=0)


@pytest.mark.parametrize(
    ("features", "score", "message"),
    [
        ({"nobody": NUMBER}, None, r"of the manifest's features, found \['nobody'\]"),
        ({"home": NUMBER}, None, "'home' needs the reference of a category, found a number's"),
        (
            {"home": CategoryReference(counts=(1,) * 4, other=0, missing=0)},
            None,
            "the reference of feature 'home' does not fit its statistics",
        ),
        ({}, ScoreReference(edges=(), counts=(1,)), "the reference of the score does not fit the labels"),
    ],
)
def test_a_reference_that_does_not_fit_the_bundle_is_refused(
    features: dict[str, Any], score: ScoreReference | None, message: str
) -> None:
    changed = reference("multiclass").model_copy(update={"features": features, **({"score": score} if score else {})})
    with pytest.raises(BundleError, match=message):
        window(changed, "multiclass")
