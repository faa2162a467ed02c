"""Bucketed runs, bound to CPU memory: the code that a GPU runs, except for the copies to the device."""

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import ModelProto

from app.session.bound import BoundRunner, UnboundShapeError
from tests import bundles

SIZES = (1, 2, 4, 6)


def start(model: bytes) -> ort.InferenceSession:
    return ort.InferenceSession(model, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def session() -> ort.InferenceSession:
    """Return a session, to run without buckets."""
    return start(bundles.graph("multiclass"))


@pytest.fixture
def bound(session: ort.InferenceSession) -> BoundRunner:
    """Return the same session, to run in buckets."""
    return BoundRunner(session, SIZES, "cpu", graphs=False)


def tensors(n_rows: int, seed: int = 0) -> dict[str, NDArray[Any]]:
    generator = np.random.default_rng(seed)
    numbers = generator.normal(size=(n_rows, 3)).astype(np.float32)
    return {"number": numbers, "category": generator.integers(0, 3, size=(n_rows, 2), dtype=np.int32)}


@pytest.mark.parametrize("n_rows", [0, 1, 3, 5, 6, 7, 20])
def test_answers_equal_those_without_buckets(bound: BoundRunner, session: ort.InferenceSession, n_rows: int) -> None:
    batch = tensors(n_rows, seed=n_rows)
    (expected,) = session.run(["probabilities"], batch)
    answers = bound.run(batch)["probabilities"]
    assert answers.shape == expected.shape
    np.testing.assert_allclose(answers, expected, atol=1e-6)


def test_an_answer_survives_the_next_run_of_its_bucket(bound: BoundRunner) -> None:
    first = bound.run(tensors(3, seed=1))["probabilities"]
    before = first.copy()
    bound.run(tensors(4, seed=2))
    np.testing.assert_array_equal(first, before)


def test_padding_holds_no_rows_of_an_earlier_caller(session: ort.InferenceSession) -> None:
    bound = BoundRunner(session, (4,), "cpu", graphs=False)
    bound.run(tensors(4))
    bound.run(tensors(1))
    assert not any(rows[1:].any() for rows in bound._rows.values())


def test_a_tensor_of_unknown_size_is_not_bound() -> None:
    model = ModelProto.FromString(bundles.graph("binary"))
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "width"
    with pytest.raises(UnboundShapeError, match=r"number is tensor\(float\)\['batch', 'width'\]"):
        BoundRunner(start(model.SerializeToString()), SIZES, "cpu", graphs=False)
