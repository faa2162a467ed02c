"""Images to the network's blocks."""

import numpy as np
import pytest

from app.bundle.transforms.image import ImageFeature, ImageTransform
from tests.media import picture, square

FEATURES = (
    ImageFeature(name="front", nullable=False, height=4, width=6, channels=1),
    ImageFeature(name="back", nullable=True, height=3, width=3, channels=3),
)
CELLS = [[picture(square(value)), picture(square(value), mode="RGB")] for value in (20, 90, 200)]
STATISTICS = [ImageTransform.fit(feature, [row[index] for row in CELLS]) for index, feature in enumerate(FEATURES)]
TRANSFORM = ImageTransform(FEATURES, STATISTICS)
READ = [[TRANSFORM.reader(index)(cell) for index, cell in enumerate(row)] for row in CELLS]


def test_each_feature_has_a_block_standardized_by_channel() -> None:
    tensors = TRANSFORM.normalize(TRANSFORM.vectorize_rows(READ))
    assert {name: tensor.shape for name, tensor in tensors.items()} == {
        "image_0": (3, 4, 6, 1),
        "image_1": (3, 3, 3, 3),
    }
    for name, tensor in tensors.items():
        assert tensor.dtype == np.float32
        assert tensor.shape[1:] == TRANSFORM.tensors[name].shape
        np.testing.assert_allclose(tensor.mean(axis=(0, 1, 2)), 0, atol=1e-5)
        np.testing.assert_allclose(tensor.std(axis=(0, 1, 2)), 1, atol=1e-4)


def test_columns_and_rows_come_to_the_same() -> None:
    columns = [list(column) for column in zip(*READ, strict=True)]
    assert (TRANSFORM.vectorize(columns) == TRANSFORM.vectorize_rows(READ)).all()


def test_a_missing_image_is_the_mean_of_all() -> None:
    raw = TRANSFORM.vectorize_rows([READ[0], [READ[1][0], None]])
    assert TRANSFORM.ordinary(raw[:1])
    assert not TRANSFORM.ordinary(raw)
    tensors = TRANSFORM.normalize(raw)
    assert (tensors["image_1"][1] == 0).all()
    assert (tensors["image_0"] != 0).any(axis=(1, 2, 3)).all()
    assert list(TRANSFORM.warnings(raw, lambda *_: None)) == []


def test_images_of_one_colour_have_finite_blocks() -> None:
    white = picture(np.full((4, 4), 255, dtype=np.uint8))
    fitted = ImageTransform.fit(FEATURES[0], [white, white])
    transform = ImageTransform(FEATURES[:1], [fitted])
    block = transform.normalize(transform.vectorize_rows([[transform.reader(0)(white)]]))["image_0"]
    np.testing.assert_allclose(block, 0, atol=1e-4)


def test_a_train_split_without_images_is_refused() -> None:
    with pytest.raises(ValueError, match="'front' needs at least one image"):
        ImageTransform.fit(FEATURES[0], [None, None])


def test_what_is_watched_is_the_mean_brightness() -> None:
    summary = TRANSFORM.summary(TRANSFORM.vectorize_rows([READ[0], [READ[1][0], None]]))
    expected = [[READ[0][0].mean(), READ[0][1].mean()], [READ[1][0].mean(), np.nan]]
    np.testing.assert_allclose(summary[:, :, 0], expected)
