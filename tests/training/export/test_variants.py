"""What a variant's runs cost beside the float32 graph's."""

import numpy as np

from tests import bundles
from training.export.variants import TIMED_ROWS, timings


def test_both_graphs_are_timed_at_each_size_though_there_are_fewer_rows() -> None:
    tensors = {"number": np.zeros((5, 3), np.float32), "category": np.zeros((5, 2), np.int32)}
    measured = timings(bundles.graph("binary", rounded=True), bundles.graph("binary"), tensors)
    assert tuple(one.n_rows for one in measured) == TIMED_ROWS
    assert all(0 < one.seconds < 1 and 0 < one.float32_seconds < 1 for one in measured)
