"""TensorFlow and Keras, imported quietly: the only module of training that imports them from their packages."""

import os

# Before the import: TensorFlow reads them once, and its notes on CPU instructions and absent GPUs help nobody here.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf

tf.get_logger().setLevel("ERROR")

__all__ = ["keras", "make_deterministic", "tf"]


def make_deterministic(seed: int) -> None:
    """Seed Python, numpy and TensorFlow, and have TensorFlow take only deterministic kernels."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
