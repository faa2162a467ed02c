"""The four layers by name, and the loss of each task."""

from typing import Any

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
    assert {tensor.name: (tensor.dtype, tensor.shape) for tensor in build("binary").inputs} == {
        "number": ("float32", (None, 3)),
        "category": ("int32", (None, 1)),
    }


def test_fusion_is_dense_128_64_with_relu_and_dropout_by_default() -> None:
    model = build("binary")
    assert [model.get_layer(f"fusion_{index}").units for index in (0, 1)] == [128, 64]
    assert "fusion_1_relu" in layers(model)
    assert "fusion_1_dropout" in layers(model)
    assert "fusion_1_normalized" not in layers(model)


def test_the_configuration_decides_the_fusion() -> None:
    model = build("binary", hidden_units=(8,), batch_normalization=True, dropout=0.5, embedding_dimension=7)
    assert model.get_layer("fusion_0").units == 8
    assert "fusion_1" not in layers(model)
    assert "fusion_0_normalized" in layers(model)
    assert model.get_layer("fusion_0_dropout").rate == 0.5
    assert model.get_layer("category_0_embedding").output_dim == 7


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
