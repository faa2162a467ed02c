"""TensorFlow and Keras, imported without their log lines; all of training imports them from here.

Tests: tests/training/fitting/test_fit.py (the same run again ends with the same weights)
"""

import os

# TensorFlow reads these once, at its import. Its notes on CPU instructions and absent GPUs are of no use here.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf

tf.get_logger().setLevel("ERROR")

__all__ = ["keras", "make_deterministic", "tf"]


def make_deterministic(seed: int) -> None:
    """Seed Python, numpy and TensorFlow, and make TensorFlow use deterministic kernels only."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
