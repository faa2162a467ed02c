import numpy as np
import pytest
from numpy.typing import NDArray

from app.session import CPU, Session
from benchmarks.gpu.curves import Point, curve, table
from benchmarks.networks import dense_network, random_layers


def test_a_curve_has_a_point_a_size_and_a_time_a_runner() -> None:
    session = Session(dense_network(random_layers((4, 3)), "Softmax"), 1, (CPU,))
    (point,) = curve({"one": lambda rows: session.run({"number": rows})["output"]}, 4, [8])
    assert point.rows == 8
    assert point.seconds["one"] > 0


def test_a_runner_that_answers_otherwise_is_not_timed() -> None:
    def wrong(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return rows + np.float32(0.001)

    with pytest.raises(RuntimeError, match=r"wrong must answer 2 rows as right does, they differ by 0\.001"):
        curve({"right": np.copy, "wrong": wrong}, 3, [2])


def test_the_table_shows_microseconds_and_ratios_to_the_limit() -> None:
    points = [Point(1, {"raw": 50e-6, "mine": 75e-6}), Point(4096, {"raw": 2e-3, "mine": 2e-3})]
    assert table(points, "raw").splitlines() == [
        "| rows | raw, µs | mine, µs |",
        "|---:|---:|---:|",
        "| 1 | 50 | 75 (1.50×) |",
        "| 4,096 | 2,000 | 2,000 (1.00×) |",
    ]
