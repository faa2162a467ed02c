"""Feature extraction: the encoders, a module a kind."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from training.config import NetworkConfig
from training.encoders import category, number, text
from training.prepare import Examples

Encoder = Callable[[Mapping[str, Any], Sequence[Any], NetworkConfig, Examples], Any]
"""Takes a kind's Keras inputs by name, its features' statistics in order, the configuration, and the train split.

Returns a Keras tensor of shape (n_rows, width) for the fusion to concatenate.
"""

ENCODERS: dict[str, Encoder] = {"number": number.encode, "category": category.encode, "text": text.encode}
