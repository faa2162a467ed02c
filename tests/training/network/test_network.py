"""The four layers by name, and the right loss for each task."""

from typing import Any

import numpy as np
import pytest

from app.bundle.manifest import Task
from tests.training.tables import make_prepared
from training.config import NetworkConfig

pytestmark = pytest.mark.tensorflow


def build(task: Task, **options: Any) -> Any:
    from training.network.network import build

    return build(make_prepared(task), NetworkConfig(**options))


def layers(model: Any) -> list[str]:
    return [layer.name for layer in model.layers]


@pytest.mark.parametrize(
    ("task", "name", "width", "activation"),
    [
        ("binary", "probability", 1, "sigmoid"),
        ("multiclass", "probabilities", 3, "softmax"),
        ("regression", "value", 1, "linear"),
    ],
)
def test_the_output_layer_is_the_task_s(task: Task, name: str, width: int, activation: str) -> None:
    model = build(task)
    assert model.output.shape == (None, width)
    assert model.get_layer("members").activation.__name__ == activation
    assert model.output_names == [name]


def test_inputs_are_a_tensor_a_kind() -> None:
    assert {one.name: (one.dtype, one.shape) for one in build("binary").inputs} == {
        "number": ("float32", (None, 3)),
        "category": ("int32", (None, 1)),
    }


def test_fusion_is_dense_128_64_with_relu_and_dropout_by_default() -> None:
    model = build("binary")
    assert [model.get_layer(f"fusion_{index}").units for index in (0, 1)] == [128, 64]
    assert "fusion_1_relu" in layers(model)
    assert "fusion_1_dropout" in layers(model)
    assert "fusion_1_normalized" not in layers(model)


@pytest.mark.parametrize(("task", "units"), [("regression", (256, 128)), ("binary", (128, 64))])
def test_values_of_many_rows_have_wider_layers(task: Task, units: tuple[int, ...]) -> None:
    from training.network.network import hidden_units

    assert hidden_units(make_prepared(task, 15_000), NetworkConfig()) == units


def test_the_configuration_decides_the_fusion() -> None:
    model = build("binary", hidden_units=(8,), batch_normalization=True, dropout=0.5, embedding_dimension=7)
    assert model.get_layer("fusion_0").units == 8
    assert "fusion_1" not in layers(model)
    assert "fusion_0_normalized" in layers(model)
    assert model.get_layer("fusion_0_dropout").rate == 0.5
    assert model.get_layer("category_0_embedding").output_dim == 7


def test_while_it_is_fitted_every_member_answers_and_their_mean_elsewhere() -> None:
    model, tensors = build("multiclass", members=3, dropout=0.0), make_prepared("multiclass").test.tensors
    members = np.asarray(model(tensors, training=True))
    assert members.shape == (3, 20, 3)
    assert np.abs(members[0] - members[1]).max() > 0.01, "they differ from the start"
    np.testing.assert_allclose(model(tensors, training=False), members.mean(axis=0), atol=1e-6)


def test_every_member_is_fitted_by_its_own_loss() -> None:
    from training.network.ensemble import MemberLoss

    loss, targets = MemberLoss("mean_squared_error"), np.array([[1.0], [0.0]], dtype=np.float32)
    members = np.array([[[0.0], [0.0]], [[2.0], [0.0]]], dtype=np.float32)
    assert float(loss(targets, members)) == 0.5
    assert float(loss(targets, members.mean(axis=0))) == 0.0


@pytest.mark.parametrize(
    ("task", "n_rows", "rate"), [("binary", 500, 0.5), ("multiclass", 12_500, 0.25), ("regression", 500, 0.0)]
)
def test_the_rows_decide_the_dropout_of_labels_and_values_have_none(task: Task, n_rows: int, rate: float) -> None:
    from training.network.network import dropout

    prepared = make_prepared(task, n_rows)
    assert dropout(prepared, NetworkConfig()) == pytest.approx(rate)
    assert dropout(prepared, NetworkConfig(dropout=0.1)) == 0.1


def test_a_number_s_bin_is_0_below_it_and_1_above_it_and_linear_in_between() -> None:
    from training.network.encoders.number import PiecewiseLinear

    nothing = np.empty(0, dtype=np.float32)
    encode = PiecewiseLinear([nothing, np.array([-1, 0, 4], dtype=np.float32)])
    block = np.array([[9, -2, 1], [9, -0.5, 1], [9, 1, 1], [9, 5, 1]], dtype=np.float32)
    expected = np.array([[0, 0], [0.5, 0], [1, 0.25], [1, 1]])
    np.testing.assert_allclose(encode(block), expected)


def test_without_bins_numbers_stay_as_they_are() -> None:
    assert "number_bins" in layers(build("binary", bins=4))
    assert "number_bins" not in layers(build("binary", bins=0))


def test_losses_are_cross_entropy_for_labels_and_squared_error_for_values_alone() -> None:
    from training.network.network import LOSSES

    assert LOSSES == {
        "binary": "binary_crossentropy",
        "multiclass": "sparse_categorical_crossentropy",
        "regression": "mean_squared_error",
    }


def test_every_kind_has_an_encoder() -> None:
    from app.bundle.transforms import TRANSFORMS
    from training.network.encoders import ENCODERS

    assert ENCODERS.keys() == TRANSFORMS.keys()
