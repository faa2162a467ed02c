import numpy as np
import pytest
from onnx import ModelProto, TensorProto, external_data_helper

from app.bundle.base import BundleError
from app.session import CPU, Session, cuda
from tests import bundles


def test_every_node_is_counted_by_the_provider_that_runs_it() -> None:
    session = Session(bundles.graph("binary"), threads=1)
    assert session.provider == CPU
    assert session.nodes.keys() == {CPU}


def test_outputs_come_by_name() -> None:
    session = Session(bundles.graph("multiclass"), threads=1)
    tensors = {"number": np.zeros((4, 3), np.float32), "category": np.zeros((4, 2), np.int32)}
    outputs = session.run(tensors)
    assert outputs["probabilities"].shape == (4, 3)


def test_what_is_no_graph_is_refused() -> None:
    with pytest.raises(BundleError, match=r"onnxruntime cannot load model\.onnx"):
        Session(b"nonsense", threads=1)


def test_a_graph_that_points_outside_its_file_is_refused() -> None:
    model = ModelProto.FromString(bundles.graph("binary"))
    external_data_helper.set_external_data(model.graph.initializer[0], location="/etc/passwd")
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    with pytest.raises(BundleError, match="found external data"):
        Session(model.SerializeToString(), threads=1)


def test_a_build_without_cuda_says_so() -> None:
    assert not cuda().usable
    assert "CPU build" in cuda().reason or "driver" in cuda().reason
