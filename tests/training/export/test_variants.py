"""The timings of a variant beside those of the float32 graph."""

import numpy as np

from tests import bundles
from training.export.variants import TIMED_ROWS, measure_timings


def test_both_graphs_are_timed_at_each_number_of_rows_although_there_are_fewer() -> None:
    tensors = {"number": np.zeros((5, 3), np.float32), "category": np.zeros((5, 2), np.int32)}
    measured = measure_timings(bundles.graph("binary", rounded=True), bundles.graph("binary"), tensors)
    assert tuple(timing.n_rows for timing in measured) == TIMED_ROWS
    assert all(0 < timing.seconds < 1 and 0 < timing.float32_seconds < 1 for timing in measured)
