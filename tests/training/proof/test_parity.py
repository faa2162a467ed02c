"""The proof refuses every graph that does not answer as the network does."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from app.bundle.manifest import ReducedPrecision, Task
from tests.training.tables import make_model, make_prepared
from training.config import NetworkConfig
from training.errors import ParityError

pytestmark = pytest.mark.tensorflow
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def network() -> tuple[Any, bytes]:
    """A binary network and its graph."""
    return exported("binary")


def exported(task: Task, hidden_units: tuple[int, ...] = (8,)) -> tuple[Any, bytes]:
    from training.backend import keras
    from training.export.export import export_onnx
    from training.network.network import build

    keras.utils.set_random_seed(5)
    model = build(make_prepared(task), NetworkConfig(hidden_units=hidden_units))
    return model, export_onnx(model, task)


def prove_parity(model: Any, graph: bytes, task: Task = "binary", tolerance: float = TOLERANCE) -> Any:
    from training.proof.parity import ParityLimits, prove_parity

    return prove_parity(model, make_model(task, graph), ParityLimits(tolerance=tolerance))


def changed(content: bytes, by: float) -> bytes:
    """The graph with `by` added to one weight of its output layer."""
    model = onnx.load_from_string(content)
    (weight,) = [one for one in model.graph.initializer if tuple(one.dims) == (8, 8, 1)]
    values = numpy_helper.to_array(weight).copy()
    values[:] += by
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    content = model.SerializeToString()
    assert isinstance(content, bytes)
    return content


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_faithful_graph_gets_its_certificate(task: Task) -> None:
    certificate = prove_parity(*exported(task), task)
    assert (certificate.rows, certificate.edge_rows) == (20, 24)
    assert certificate.batch_sizes == (1, 2, 7, 44)
    assert certificate.largest_difference < 1e-6
    assert certificate.label_flips == 0
    assert certificate.versions.keys() >= {"keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime", "numpy"}


def test_a_changed_weight_is_refused(network: tuple[Any, bytes]) -> None:
    model, graph = network
    with pytest.raises(ParityError, match=r"another label|it differs by"):
        prove_parity(model, changed(graph, 0.5))


def test_a_difference_that_flips_no_label_is_refused_by_its_size() -> None:
    model, graph = exported("regression")
    with pytest.raises(ParityError, match="may differ from the network by 1e-05, it differs by"):
        prove_parity(model, changed(graph, 1e-4), "regression")


def test_a_flipped_label_is_refused_whatever_the_tolerance(network: tuple[Any, bytes]) -> None:
    model, graph = network
    with pytest.raises(ParityError, match="of 44 rows another label"):
        prove_parity(model, changed(graph, -5.0), tolerance=1.0)


def test_an_answer_that_is_not_finite_is_refused(network: tuple[Any, bytes]) -> None:
    model, graph = network
    with pytest.raises(ParityError, match="every answer must be finite, the exported graph gives 44 of 44"):
        prove_parity(model, changed(graph, float("nan")), tolerance=1.0)


def test_a_network_whose_answers_are_not_finite_is_refused(network: tuple[Any, bytes]) -> None:
    _, graph = network
    model, _ = exported("binary")
    scores = model.get_layer("scores")
    scores.bias.assign(scores.bias * float("nan"))
    with pytest.raises(ParityError, match="the network gives 44 of 44"):
        prove_parity(model, graph)


def test_a_graph_that_onnxruntime_cannot_load_is_refused(network: tuple[Any, bytes]) -> None:
    model, graph = network
    with pytest.raises(ParityError, match="onnxruntime refuses the exported graph"):
        prove_parity(model, graph[:-100])


def test_a_graph_whose_batch_axis_is_fixed_is_refused(network: tuple[Any, bytes]) -> None:
    model, content = network
    fixed = onnx.load_from_string(content)
    for tensor in fixed.graph.input:
        tensor.type.tensor_type.shape.dim[0].dim_value = 1
    with pytest.raises(ParityError, match="onnxruntime refuses"):
        prove_parity(model, fixed.SerializeToString())


def prove_variant(model: Any, graph: bytes, precision: ReducedPrecision, task: Task = "binary") -> Any:
    from training.proof.parity import prove_variant

    return prove_variant(model, make_model(task, graph), precision)


@pytest.mark.parametrize(("precision", "tolerance"), [("fp16", 0.01), ("int8", 0.05)])
def test_a_variant_gets_its_own_certificate(precision: ReducedPrecision, tolerance: float) -> None:
    model, graph = exported("binary", (8, 8))
    variant = prove_variant(model, graph, precision)
    parity = variant.parity
    assert (parity.rows, parity.edge_rows, parity.batch_sizes) == (20, 24, (1, 2, 7, 44))
    assert (parity.tolerance, parity.tolerated_flips) == (tolerance, 1)
    assert 1e-6 < parity.largest_difference < tolerance
    assert variant.content != graph
    assert [one.n_rows for one in variant.timings] == [1, 128]


def test_a_variant_of_a_network_with_nothing_to_quantize_is_refused(network: tuple[Any, bytes]) -> None:
    model, graph = network
    with pytest.raises(ParityError, match="the network has no int8 variant: it needs a dense layer between"):
        prove_variant(model, graph, "int8")


def test_an_overflow_that_onnxruntime_hides_on_a_cpu_refuses_the_fp16_variant() -> None:
    from training.export.export import export_onnx
    from training.export.quantize import to_fp16
    from training.proof.parity import ParityLimits, prove_parity

    model, _ = exported("binary")
    hidden, head = model.get_layer("fusion_0"), model.get_layer("scores")
    hidden.kernel.assign(hidden.kernel * 2e4)
    head.kernel.assign(head.kernel / 2e4)
    graph = export_onnx(model, "binary")
    prove_parity(model, make_model("binary", to_fp16(graph)), ParityLimits(tolerance=0.01))
    with pytest.raises(ParityError, match="the network has no fp16 variant: "):
        prove_variant(model, graph, "fp16")


def test_flips_beyond_the_share_that_is_tolerated_are_refused(network: tuple[Any, bytes]) -> None:
    from training.proof.parity import ParityLimits, prove_parity

    model, graph = network
    wrong = changed(graph, -5.0)
    certificate = prove_parity(model, make_model("binary", wrong), ParityLimits(tolerance=1.0, flip_share=1.0))
    assert certificate.tolerated_flips == 44
    share = (certificate.label_flips - 1) / 44
    with pytest.raises(ParityError, match=f"another label than the network does, {certificate.label_flips - 1} may"):
        prove_parity(model, make_model("binary", wrong), ParityLimits(tolerance=1.0, flip_share=share))


@pytest.mark.parametrize(
    ("expected", "found", "flips"),
    [
        ([0.49, 0.51], [0.51, 0.49], 1),
        ([0.500001, 0.499999], [0.499999, 0.500001], 1),
        ([0.5, 0.5], [0.50000003, 0.49999997], 0),
        ([0.4, 0.4, 0.2], [0.39999998, 0.40000002, 0.2], 0),
        ([0.4, 0.4, 0.2], [0.4, 0.4, 0.2], 0),
    ],
)
def test_a_label_flips_unless_rounding_alone_decided_it(expected: list[float], found: list[float], flips: int) -> None:
    from training.proof.parity import label_flips

    assert label_flips("multiclass", np.array([expected]), np.array([found])) == flips


def test_a_label_flips_by_the_threshold_that_was_chosen() -> None:
    from training.evaluation.decision import Decision
    from training.proof.parity import label_flips

    expected, found = np.array([[0.69, 0.31]]), np.array([[0.71, 0.29]])
    assert label_flips("binary", expected, found, Decision(threshold=0.3)) == 1
    assert label_flips("binary", expected, found, Decision()) == 0
