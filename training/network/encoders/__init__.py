"""Feature extraction: one encoder per kind, one kind per module.

Tests: tests/training/network/test_network.py (every kind has an encoder), tests/training/test_text.py (scorers),
tests/training/test_recommend.py (interactions)
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from training.config import NetworkConfig
from training.data.normalize import Examples, Prepared
from training.network.encoders import audio, boolean, category, date, ids, image, number, series, text

Encoder = Callable[[Mapping[str, Any], Sequence[Any], NetworkConfig, Examples], Any]
"""A function of a kind's Keras inputs by name, its features' statistics in order, the configuration, the train split.

Returns a Keras tensor of shape (n_rows, width) for the fusion to concatenate.
"""

ENCODERS: dict[str, Encoder] = {
    "number": number.encode,
    "category": category.encode,
    "boolean": boolean.encode,
    "date": date.encode,
    "text": text.encode,
    "series": series.encode,
    "image": image.encode,
    "audio": audio.encode,
    "user": ids.encode_users,
    "item": ids.encode_items,
}

Scorer = Callable[[Mapping[str, Any], Sequence[Any], Prepared], Any]
"""A function of a kind's Keras inputs by name, its features' statistics in order, and the splits.

Returns the scores of a model of its own, fitted on the train split, to add to the network's scores before the
activation: a Keras tensor of shape (n_rows, n_scores).
"""

SCORERS: dict[str, Scorer] = {"text": text.score}

Interaction = Callable[[Any, Any], tuple[Any, Any]]
"""A function of the encodings of two kinds.

Returns a score of the pair, of shape (n_rows, 1), and what the fusion reads in place of both, of shape (n_rows, width).
"""

INTERACTIONS: dict[tuple[str, str], Interaction] = {("user", "item"): ids.factorize}
