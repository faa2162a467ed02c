"""Graphs loaded into onnxruntime on the CPU."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, external_data_helper

from app.bundle.errors import BundleError
from app.session import CPU, Session, available_providers, cuda_status
from tests import bundles

AZURE = "AzureExecutionProvider"


def test_nodes_are_counted_by_the_provider_that_runs_them() -> None:
    session = Session(bundles.graph("binary"), threads=1)
    assert session.provider == CPU
    assert session.nodes.keys() == {CPU}


def test_outputs_are_returned_by_name() -> None:
    session = Session(bundles.graph("multiclass"), threads=1)
    tensors = {"number": np.zeros((4, 3), np.float32), "category": np.zeros((4, 2), np.int32)}
    outputs = session.run(tensors)
    assert outputs["probabilities"].shape == (4, 3)


def test_the_cpu_needs_no_buckets() -> None:
    description = Session(bundles.graph("binary"), threads=2).description
    assert description == {"provider": CPU, "nodes": {CPU: 4}, "threads": 2, "buckets": (), "cuda_graphs": False}


@pytest.mark.skipif(AZURE not in available_providers(), reason="this onnxruntime has no provider that runs nothing")
def test_a_provider_that_runs_no_node_is_refused() -> None:
    with pytest.raises(BundleError, match=f"names {AZURE}, but it runs no node of this graph"):
        Session(bundles.graph("binary"), threads=1, providers=[AZURE])


def test_the_cpu_can_be_requested() -> None:
    assert Session(bundles.graph("binary"), threads=1, providers=[CPU]).provider == CPU


def test_bytes_that_are_no_graph_are_refused() -> None:
    with pytest.raises(BundleError, match=r"onnxruntime cannot load model\.onnx"):
        Session(b"nonsense", threads=1)


def test_an_error_names_the_file_of_the_graph() -> None:
    with pytest.raises(BundleError, match=r"onnxruntime cannot load model\.int8\.onnx"):
        Session(b"nonsense", threads=1, file="model.int8.onnx")


def test_a_graph_with_external_data_is_refused() -> None:
    model = ModelProto.FromString(bundles.graph("binary"))
    external_data_helper.set_external_data(model.graph.initializer[0], location="/etc/passwd")
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    with pytest.raises(BundleError, match="found external data"):
        Session(model.SerializeToString(), threads=1)


def test_the_reason_why_cuda_is_not_usable_is_given() -> None:
    assert not cuda_status().usable
    assert "CPU build" in cuda_status().reason or "driver" in cuda_status().reason


@pytest.mark.parametrize(
    "load",
    [
        "import app.session; app.session.Session(model, 1)",
        "import training.export.runtime; training.export.runtime.Graph(model)",
    ],
)
def test_onnxruntime_sends_no_usage_data(load: str, tmp_path: Path) -> None:
    """Its official builds write a machine identifier to the home folder before they send any."""
    (tmp_path / "model.onnx").write_bytes(bundles.graph("binary"))
    code = f"import pathlib; model = pathlib.Path('model.onnx').read_bytes(); {load}"
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
