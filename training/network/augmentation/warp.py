"""Images, or what can be seen as one, moved by a random affine map."""

from dataclasses import dataclass

from training.backend import tf


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest changes: an angle, factors less 1, and shares of the sides."""

    turn: float = 0.0
    zoom: tuple[float, float] = (0.0, 0.0)
    shift: tuple[float, float] = (0.0, 0.0)
    """Of the height and of the width."""


def warp(images: tf.Tensor, seed: tf.Tensor, limits: Limits) -> tf.Tensor:
    """Float32 of shape (n_rows, height, width, channels); what comes in at the border repeats it."""
    n_rows, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    drawn = tf.random.stateless_uniform((5, n_rows), seed, -1.0, 1.0)
    angle = limits.turn * drawn[0]
    higher, wider = 1 + limits.zoom[0] * drawn[1], 1 + limits.zoom[1] * drawn[2]
    down, across = limits.shift[0] * height * drawn[3], limits.shift[1] * width * drawn[4]
    cosine, sine = tf.cos(angle), tf.sin(angle)
    a, b, c, d = cosine * wider, -sine * higher, sine * wider, cosine * higher
    x, y, zero = (width - 1) / 2, (height - 1) / 2, tf.zeros_like(a)
    # From a pixel of the result to that of the image, about its middle.
    rows = (a, b, x - a * x - b * y + across), (c, d, y - c * x - d * y + down), (zero, zero)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([one for row in rows for one in row], axis=1),
        output_shape=(height, width),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
