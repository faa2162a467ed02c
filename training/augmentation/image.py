"""Images, a little turned, zoomed and shifted; never mirrored, which a letter or a sign would not outlive."""

import numpy as np

from training.backend import tf

TURN = np.deg2rad(12)
ZOOM = 0.12
SHIFT = 0.08
"""Largest changes: an angle, a factor less 1, and a share of the side."""


def augment(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Float32 of shape (n_rows, height, width, channels); what comes in at the border repeats it."""
    n_rows, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    drawn = tf.random.stateless_uniform((5, n_rows), seed, -1.0, 1.0)
    angle, across, down = TURN * drawn[0], SHIFT * width * drawn[1], SHIFT * height * drawn[2]
    wider, higher = 1 + ZOOM * drawn[3], 1 + ZOOM * drawn[4]
    cosine, sine = tf.cos(angle), tf.sin(angle)
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    a, b, c, d = cosine * wider, -sine * higher, sine * wider, cosine * higher
    zero = tf.zeros_like(a)
    # From a pixel of the result to that of the image, about its middle.
    transforms = tf.stack(
        [
            *(a, b, middle_x - a * middle_x - b * middle_y + across),
            *(c, d, middle_y - c * middle_x - d * middle_y + down),
            *(zero, zero),
        ],
        axis=1,
    )
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=(height, width),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
