"""The batches of a fit: every row once per epoch, in an order that seed and epoch decide."""

import numpy as np
import pytest

from app.bundle.transforms.category import UNKNOWN
from tests.training.tables import make_prepared
from training.data.normalize import Examples

pytestmark = pytest.mark.tensorflow


def numbered(n_rows: int) -> Examples:
    return Examples({"number": np.arange(n_rows, dtype=np.float32)[:, None]}, np.arange(n_rows, dtype=np.int32))


def epochs(seed: int, *which: int) -> list[list[int]]:
    """Return the targets of each epoch in their order."""
    from training.fitting.batches import Batches

    batches = Batches(numbered(10), 4, seed)
    orders = []
    for epoch in which:
        batches.on_epoch_begin(epoch)
        parts = [(tensors["number"].numpy(), targets.numpy()) for tensors, targets in batches.dataset]
        assert [len(targets) for _, targets in parts] == [4, 4, 2]
        assert all((numbers[:, 0] == targets).all() for numbers, targets in parts)
        orders.append([int(target) for _, targets in parts for target in targets])
    return orders


def test_each_epoch_holds_every_row_once_in_another_order() -> None:
    first, second = epochs(1, 0, 1)
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_seed_and_epoch_alone_decide_the_order() -> None:
    assert epochs(1, 0, 1, 2)[2] == epochs(1, 2)[0]
    assert epochs(1, 0) != epochs(2, 0)


def test_about_one_in_a_hundred_codes_is_masked_as_unknown_while_fitting() -> None:
    from training.fitting.batches import mask_categories

    prepared = make_prepared("binary", 5000)
    before = prepared.train.tensors["category"].copy()
    masked = mask_categories(prepared.train.tensors, seed=3)["category"]
    assert 0.005 < (masked == UNKNOWN).mean() < 0.02
    assert masked.dtype == np.int32
    np.testing.assert_array_equal(masked[masked != UNKNOWN], before[masked != UNKNOWN])
    np.testing.assert_array_equal(prepared.train.tensors["category"], before)
    np.testing.assert_array_equal(masked, mask_categories(prepared.train.tensors, seed=3)["category"])


def test_class_weights_give_all_classes_the_same_total() -> None:
    from training.fitting.batches import class_weights

    targets = np.array([0, 0, 0, 1], dtype=np.int32)
    weights = class_weights(targets)
    assert weights == {0: pytest.approx(2 / 3), 1: 2.0}
    assert sum(weights[int(target)] for target in targets) == pytest.approx(len(targets))


@pytest.mark.parametrize(
    ("name", "n_rows", "expected"), [("number", 10, 1), ("audio_0", 200, 5), ("audio_0", 5_000, 1)]
)
def test_few_augmented_rows_are_passed_several_times_per_epoch(name: str, n_rows: int, expected: int) -> None:
    from training.fitting.batches import passes_per_epoch

    assert passes_per_epoch({name: np.zeros(n_rows)}, n_rows, 64) == expected
