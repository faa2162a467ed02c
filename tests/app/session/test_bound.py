"""The buckets of a GPU, bound to the CPU's memory: the same code but for the copies to the device."""

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import ModelProto

from app.session.bound import BoundRuns, UnboundError
from tests import bundles

SIZES = (1, 2, 4, 6)


def started(model: bytes) -> ort.InferenceSession:
    return ort.InferenceSession(model, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def session() -> ort.InferenceSession:
    """A session that knows no buckets."""
    return started(bundles.graph("multiclass"))


@pytest.fixture
def bound(session: ort.InferenceSession) -> BoundRuns:
    """Its runs in buckets."""
    return BoundRuns(session, SIZES, "cpu", graphs=False)


def tensors(n_rows: int, seed: int = 0) -> dict[str, NDArray[Any]]:
    generator = np.random.default_rng(seed)
    numbers = generator.normal(size=(n_rows, 3)).astype(np.float32)
    return {"number": numbers, "category": generator.integers(0, 3, size=(n_rows, 2), dtype=np.int32)}


@pytest.mark.parametrize("n_rows", [0, 1, 3, 5, 6, 7, 20])
def test_every_row_is_answered_as_without_buckets(bound: BoundRuns, session: ort.InferenceSession, n_rows: int) -> None:
    batch = tensors(n_rows, seed=n_rows)
    (expected,) = session.run(["probabilities"], batch)
    answers = bound.run(batch)["probabilities"]
    assert answers.shape == expected.shape
    np.testing.assert_allclose(answers, expected, atol=1e-6)


def test_an_answer_stays_when_its_bucket_is_run_again(bound: BoundRuns) -> None:
    first = bound.run(tensors(3, seed=1))["probabilities"]
    kept = first.copy()
    bound.run(tensors(4, seed=2))
    np.testing.assert_array_equal(first, kept)


def test_what_is_padding_now_does_not_hold_what_an_earlier_caller_sent(session: ort.InferenceSession) -> None:
    bound = BoundRuns(session, (4,), "cpu", graphs=False)
    bound.run(tensors(4))
    bound.run(tensors(1))
    assert not any(rows[1:].any() for rows in bound._rows.values())


def test_tensors_of_unknown_size_or_type_are_not_bound() -> None:
    model = ModelProto.FromString(bundles.graph("binary"))
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "width"
    with pytest.raises(UnboundError, match=r"number is tensor\(float\)\['batch', 'width'\]"):
        BoundRuns(started(model.SerializeToString()), SIZES, "cpu", graphs=False)
