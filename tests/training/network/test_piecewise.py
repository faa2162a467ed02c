"""The bins of a number: where the targets change, and no more than the rows support."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from training.network.piecewise import MIN_ROWS, MIN_WIDTH, bin_edges, default_bins

VALUES = np.linspace(-2, 2, 400, dtype=np.float32)
STEP = (VALUES > 0.5).astype(np.float32)


@pytest.mark.parametrize("targets", [STEP[:, None], STEP.astype(np.int32)], ids=["value", "label index"])
def test_an_inner_edge_lies_where_the_targets_change(targets: NDArray[Any]) -> None:
    np.testing.assert_allclose(bin_edges(VALUES, targets, 2), [-2, 0.5, 2], atol=0.01)


def test_no_bin_has_fewer_rows_than_it_needs_and_there_are_no_more_than_asked_for() -> None:
    targets = np.sin(9 * VALUES)[:, None]
    edges = bin_edges(VALUES, targets, 100)
    counts, _ = np.histogram(VALUES, edges)
    assert counts.min() >= MIN_ROWS
    assert 5 < len(edges) - 1 <= len(VALUES) // MIN_ROWS
    assert len(bin_edges(VALUES, targets, 4)) - 1 == 4


def test_edges_that_are_nearly_the_same_are_one() -> None:
    values = np.concatenate([VALUES, VALUES * MIN_WIDTH / 100]).astype(np.float32)
    edges = bin_edges(values, (values > 0).astype(np.float32)[:, None] + np.sign(values)[:, None], 8)
    assert np.diff(edges).min() >= MIN_WIDTH * 0.999


@pytest.mark.parametrize(
    ("values", "max_bins"),
    [(VALUES, 0), (VALUES, 1), (np.zeros(400, dtype=np.float32), 8), (VALUES[200 : 200 + MIN_ROWS], 8)],
    ids=["none asked for", "one asked for", "constant", "too few rows"],
)
def test_there_are_no_bins_where_one_would_do(values: NDArray[np.float32], max_bins: int) -> None:
    assert bin_edges(values, STEP[: len(values), None], max_bins).size == 0


def test_the_default_number_of_bins_grows_with_the_rows_up_to_a_bound() -> None:
    assert [default_bins(n) for n in (512, 27_000, 10_000_000)] == [8, 30, 64]
