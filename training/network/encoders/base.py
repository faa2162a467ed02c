"""The description of an encoder, the part of the network that reads the tensors of one kind.

Tests: tests/test_toy_kind.py
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.config import NetworkConfig
from training.data.normalize import Examples, Prepared

Encode = Callable[[Mapping[str, Any], Sequence[Any], NetworkConfig, Examples], Any]
"""A function of a kind's Keras inputs by name, its features' statistics in order, the configuration, the train split.

Returns a Keras tensor of shape (n_rows, width) for the fusion to concatenate.
"""

Score = Callable[[Mapping[str, Any], Sequence[Any], Prepared], Any]
"""A function of a kind's Keras inputs by name, its features' statistics in order, and the splits.

Returns the scores of a model of its own, fitted on the train split, to add to the network's scores before the
activation: a Keras tensor of shape (n_rows, n_scores).
"""

Augment = Callable[[Any, Any], Any]
"""A function of a tensor of shape (n_rows, …) and a seed of two integers that returns a varied tensor."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """The interaction with another kind: `combine` is a function of the encodings of both.

    It returns a score of the pair, of shape (n_rows, 1), and what the fusion reads in place of both encodings, of shape
    (n_rows, width).
    """

    other: str
    combine: Callable[[Any, Any], tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Encoder:
    """The encoder of one kind, with what else the network makes of it.

    `score` is a model of the kind's own beside the network, `interaction` one with another kind, and `augment` varies
    its tensors while fitting.
    """

    kind: str
    encode: Encode
    score: Score | None = None
    interaction: Interaction | None = None
    augment: Augment | None = None
