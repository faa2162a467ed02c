"""Feature extraction: the encoders, a module a kind."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from training.config import NetworkConfig
from training.encoders import category, number, text
from training.prepare import Prepared

Encoder = Callable[[Mapping[str, Any], Sequence[Any], NetworkConfig], Any]
"""Takes a kind's Keras inputs by name, its features' statistics in order, and the configuration.

Returns a Keras tensor of shape (n_rows, width) for the fusion to concatenate.
"""

ENCODERS: dict[str, Encoder] = {"number": number.encode, "category": category.encode, "text": text.encode}

Scorer = Callable[[Mapping[str, Any], Sequence[Any], Prepared], Any]
"""Takes a kind's Keras inputs by name, its features' statistics in order, and the splits.

Returns what a model of its own, fitted on the train split, adds to the network's scores: of shape (n_rows, n_scores),
before the activation.
"""

SCORERS: dict[str, Scorer] = {"text": text.score}
