"""The encoder of categories: one-hot for few, an embedding for many."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.bundle.transforms.category import CategoryStatistics
from training.config import NetworkConfig
from training.data.normalize import Examples

pytestmark = pytest.mark.tensorflow

CODES = np.array([[0, 0], [1, 3], [2, 21]], dtype=np.int32)
"""Codes of a feature with 3 categories and of one with 20."""


def encoder(**options: Any) -> Any:
    from training.backend import keras
    from training.network.encoders.category import encode

    inputs = {"category": keras.Input((2,), dtype="int32", name="category")}
    statistics = [CategoryStatistics(categories=tuple(f"c{index}" for index in range(n))) for n in (3, 20)]
    train = Examples({"category": CODES}, np.zeros((3, 1), dtype=np.float32))
    return keras.Model(inputs, encode(inputs, statistics, NetworkConfig(**options), train))


def encoded(model: Any) -> NDArray[np.float32]:
    return np.asarray(model({"category": CODES}))


def test_few_categories_are_one_hot_with_one_more_for_missing() -> None:
    np.testing.assert_array_equal(encoded(encoder())[:, :4], [[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]])


def test_many_categories_are_looked_up_in_an_embedding() -> None:
    model = encoder()
    rows = model.get_layer("category_1_embedding").embeddings.numpy()
    assert len(rows) == 2 + 20
    np.testing.assert_array_equal(encoded(model)[:, 4:], rows[[0, 3, 21]])


def test_a_configured_dimension_is_that_of_every_feature() -> None:
    model = encoder(embedding_dimension=2)
    assert encoded(model).shape == (3, 2 + 2)
    np.testing.assert_array_equal(encoded(model)[:, :2], model.get_layer("category_0_embedding").embeddings[:3])


def test_dimensions_grow_with_the_vocabulary_up_to_a_bound() -> None:
    from training.network.encoders.category import embedding_dimension

    assert [embedding_dimension(n) for n in (3, 10, 50, 100_000)] == [3, 6, 15, 16]
