"""The encoder of series: its exported graph gives the same answers, and padding has no influence."""

from typing import Any, Literal

import numpy as np
import pytest

from app.bundle.transforms.series import SeriesFeature
from tests.training.tables import make_splits
from training.config import Config, NetworkConfig
from training.data.normalize import Prepared, prepare
from training.data.table import Table
from training.evaluation.trained_model import TrainedModel

pytestmark = pytest.mark.tensorflow

N = 60


def make_table(longest: int = 12) -> Table:
    random = np.random.default_rng(0)
    waves = [np.sin(np.arange(4 + row % (longest - 3)) * (1 + row % 2)) + random.normal(0, 0.1) for row in range(N)]
    steps = [random.normal(size=3) if row % 7 else None for row in range(N)]
    features = (SeriesFeature(name="wave", nullable=False), SeriesFeature(name="steps", nullable=True))
    target = np.arange(N) % 2
    return Table(features, {"wave": waves, "steps": steps}, "y", target, "binary", ("slow", "fast"), np.arange(N), ())


def prepared(longest: int = 12) -> Prepared:
    return prepare(make_table(longest), make_splits(N))


def build(data: Prepared, encoder: Literal["convolutional", "recurrent"] = "convolutional") -> Any:
    from training.network.network import build

    return build(data, NetworkConfig(series_encoder=encoder, hidden_units=(8,)))


@pytest.mark.parametrize(("encoder", "longest"), [("convolutional", 12), ("convolutional", 100), ("recurrent", 12)])
def test_the_graph_answers_as_the_network_also_where_series_are_missing_cut_and_huge(
    encoder: Literal["convolutional", "recurrent"], longest: int
) -> None:
    from training.export.export import export_onnx
    from training.proof.parity import ParityLimits, prove_parity

    data = prepared(longest)
    network = build(data, encoder)
    model = TrainedModel(make_table(longest), make_splits(N), data, export_onnx(network, "binary"))
    certificate = prove_parity(network, model, ParityLimits(tolerance=1e-5))
    assert certificate.label_flips == 0


def test_padding_has_no_influence() -> None:
    import keras

    from training.network.encoders.series import moments, summary

    values = np.random.default_rng(0).normal(size=(5, 6, 2)).astype(np.float32)
    filled = np.ones((5, 6, 1), np.float32)
    padded = np.pad(values, ((0, 0), (0, 3), (0, 0)))
    marked = np.pad(filled, ((0, 0), (0, 3), (0, 0)))
    tensor = keras.ops.convert_to_tensor
    for pool in (moments, summary):
        for alone, longer in zip(
            pool(tensor(values), tensor(filled)), pool(tensor(padded), tensor(marked)), strict=True
        ):
            np.testing.assert_allclose(alone, longer, atol=1e-6)


def test_series_are_augmented_only_while_fitting() -> None:
    from training.network.encoders.series import SeriesAugmentation

    series = np.ones((4, 6, 2), np.float32)
    layer = SeriesAugmentation()
    np.testing.assert_array_equal(layer(series), series)
    assert (np.asarray(layer(series, training=True)) != series).all()


def test_a_network_learns_from_the_order_of_the_numbers() -> None:
    from training.network.ensemble import MemberLoss

    data = prepared()
    model = build(data)
    model.compile("adam", loss=MemberLoss("binary_crossentropy"))
    model.fit(data.train.tensors, data.train.targets, epochs=25, verbose=0, batch_size=16)
    right = (model.predict(data.test.tensors, verbose=0) > 0.5) == (data.test.targets > 0.5)
    assert right.mean() == 1.0


def test_the_default_encoder_is_convolutional() -> None:
    assert Config().network.series_encoder == "convolutional"
