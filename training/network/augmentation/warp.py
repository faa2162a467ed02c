"""Random affine maps of images, or of arrays that can be read as images.

Tests: tests/training/network/test_batch_augmentation.py
"""

from dataclasses import dataclass

from training.backend import tf


@dataclass(frozen=True, slots=True)
class WarpLimits:
    """The largest changes: `turn` in radians, `zoom` and `shift` as shares of the height and of the width."""

    turn: float = 0.0
    zoom: tuple[float, float] = (0.0, 0.0)
    shift: tuple[float, float] = (0.0, 0.0)


def random_warp(images: tf.Tensor, seed: tf.Tensor, limits: WarpLimits) -> tf.Tensor:
    """Return each image under a random affine map, float32 of the same shape (n_rows, height, width, channels).

    Pixels from beyond the border repeat the border.
    """
    n_rows, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    drawn = tf.random.stateless_uniform((5, n_rows), seed, -1.0, 1.0)
    angle = limits.turn * drawn[0]
    higher, wider = 1 + limits.zoom[0] * drawn[1], 1 + limits.zoom[1] * drawn[2]
    down, across = limits.shift[0] * height * drawn[3], limits.shift[1] * width * drawn[4]
    cosine, sine = tf.cos(angle), tf.sin(angle)
    a, b, c, d = cosine * wider, -sine * higher, sine * wider, cosine * higher
    x, y, zero = (width - 1) / 2, (height - 1) / 2, tf.zeros_like(a)
    # The map leads from a pixel of the result to one of the image, relative to the centre.
    matrix = (a, b, x - a * x - b * y + across), (c, d, y - c * x - d * y + down), (zero, zero)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([entry for row in matrix for entry in row], axis=1),
        output_shape=(height, width),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
