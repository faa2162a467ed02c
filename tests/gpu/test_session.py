"""A session on a real GPU; `tests/app/session` holds what needs none."""

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import ModelProto

from app.session import CUDA, Session
from benchmarks.gpu.memory import used_bytes
from benchmarks.networks import dense_network, random_layers
from tests import bundles

WIDTHS = [(30, 128, 64, 2), (256, 1024, 1024, 512, 10)]
CAP = 1024
MIB = 2**20


def network(widths: tuple[int, ...]) -> bytes:
    return dense_network(random_layers(widths), "Softmax")


def rows(n_rows: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(n_rows, width)).astype(np.float32)


@pytest.mark.parametrize("widths", WIDTHS)
def test_all_nodes_run_on_cuda_with_graphs(widths: tuple[int, ...]) -> None:
    session = Session(network(widths), threads=1, max_batch_rows=CAP)
    assert session.nodes.keys() == {CUDA}
    assert session.cuda_graphs
    assert session.buckets[-1] == CAP


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("n_rows", [1, 2, 3, 100, CAP, CAP + 1, 3 * CAP])
def test_answers_are_those_of_the_cpu(widths: tuple[int, ...], n_rows: int) -> None:
    model = network(widths)
    tensors = {"number": rows(n_rows, widths[0])}
    expected = Session(model, 1, ["CPUExecutionProvider"]).run(tensors)["output"]
    answers = Session(model, 1, max_batch_rows=CAP).run(tensors)["output"]
    np.testing.assert_allclose(answers, expected, atol=1e-4)


def test_a_graph_whose_sizes_are_not_known_runs_without_buckets() -> None:
    model = ModelProto.FromString(bundles.graph("binary"))
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "width"
    session = Session(model.SerializeToString(), threads=1)
    assert not session.cuda_graphs
    tensors = {"number": rows(5, 3), "category": np.zeros((5, 2), np.int32)}
    expected = Session(model.SerializeToString(), 1, ["CPUExecutionProvider"]).run(tensors)
    np.testing.assert_allclose(session.run(tensors)["probability"], expected["probability"], atol=1e-4)


def test_replayed_graphs_answer_for_the_rows_of_their_own_run() -> None:
    model = network(WIDTHS[0])
    gpu, cpu = Session(model, 1, max_batch_rows=CAP), Session(model, 1, ["CPUExecutionProvider"])
    for seed in range(200):
        tensors = {"number": rows(1 + seed * 37 % CAP, 30, seed)}
        np.testing.assert_allclose(gpu.run(tensors)["output"], cpu.run(tensors)["output"], atol=1e-4)


def test_memory_stays_flat_over_ten_thousand_batches_of_random_size() -> None:
    session = Session(network(WIDTHS[1]), threads=1, max_batch_rows=CAP)
    sizes = np.random.default_rng(0).integers(1, CAP + 1, 10_000)
    batch = rows(CAP, 256)
    for size in sizes[:100]:
        session.run({"number": batch[:size]})
    before = used_bytes()
    for size in sizes:
        session.run({"number": batch[:size]})
    assert used_bytes() - before < 8 * MIB
