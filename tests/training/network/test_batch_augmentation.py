"""Augmentation of images and sounds."""

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def blocks(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(("name", "shape"), [("image_0", (6, 12, 10, 3)), ("audio_0", (6, 30, 40))])
def test_the_seed_decides_and_every_row_changes(name: str, shape: tuple[int, ...]) -> None:
    from training.backend import tf
    from training.network.batch_augmentation import augment_batch

    tensors = {name: tf.constant(blocks(*shape))}
    first, again, other = (augment_batch(tensors, tf.constant(seed))[name].numpy() for seed in ([1, 2], [1, 2], [1, 3]))
    assert first.shape == shape
    assert np.isfinite(first).all()
    assert (first == again).all()
    assert (first != other).any(axis=tuple(range(1, len(shape)))).all()
    assert (first != tensors[name].numpy()).any(axis=tuple(range(1, len(shape)))).all()


def test_an_image_moves_only_a_little() -> None:
    from training.backend import tf
    from training.network.batch_augmentation import augment_batch

    image = np.zeros((50, 29, 29, 1), dtype=np.float32)
    image[:, 12:17, 12:17] = 1
    moved = augment_batch({"image_0": tf.constant(image)}, tf.constant([0, 0]))["image_0"].numpy()
    assert (moved[:, 6:23, 6:23].sum(axis=(1, 2, 3)) > 0.99 * moved.sum(axis=(1, 2, 3))).all()
    np.testing.assert_allclose(moved.mean(axis=0).sum(), 25, rtol=0.1)


def test_other_kinds_are_left_alone() -> None:
    from training.backend import tf
    from training.network.batch_augmentation import augment_batch

    numbers = tf.constant(blocks(4, 3))
    assert augment_batch({"number": numbers}, tf.constant([0, 0]))["number"] is numbers
