"""Explanations: what each feature adds to a row's score, as a function of the row's tensors.

Integrated gradients (Sundararajan et al., 2017) over what the encoders make of the features: straight from its mean
over the train split to the row. There every kind is a vector, so no gradient of an encoder is needed.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from training.backend import tf
from training.data.normalize import Prepared, tensors_from_rows
from training.data.table import evenly_spaced
from training.explanation.attribution import EncoderAttribution
from training.explanation.link import ScoreLink
from training.explanation.path import IntegrationPath
from training.network.encoders import SCORERS
from training.network.ensemble import Ensemble
from training.proof.edge_rows import edge_rows

_MAX_EDGES = 100


class IntegratedGradients:
    """Explains the answers of a fitted network."""

    def __init__(self, network: Ensemble, prepared: Prepared) -> None:
        transforms = prepared.preprocessor.transforms
        kinds = [*transforms, *(kind for kind in transforms if kind in SCORERS)]
        edges = edge_rows(prepared.features, prepared.normalization)
        reached = tensors_from_rows(
            [edges[index] for index in evenly_spaced(len(edges), _MAX_EDGES)], prepared.preprocessor
        )
        self._parts = [
            EncoderAttribution(
                network, encoding, transforms[kind], _places(prepared, kind), prepared.train.tensors, reached
            )
            for kind, encoding in zip(kinds, network.encodings, strict=True)
        ]
        link = ScoreLink(prepared.task, prepared.normalization.target)
        self._path = IntegrationPath(network, [part.baseline for part in self._parts], link)

    def __call__(self, tensors: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The explanation of one row, whose tensors are of shape (1, …), as `app.explanations.explainer` reads it.

        `contributions` is float32 of shape (1, n_features); `score` and `baseline`, of shape (1, 1), are the scores of
        the row and of the mean, as `ScoreLink` has them, and `label`, of shape (1,), is there where one is chosen.
        """
        moves = [part.move(tensors) for part in self._parts]
        slopes, ends = self._path([step for step, _ in moves])
        added = [contributions(one) for (_, contributions), one in zip(moves, slopes, strict=True)]
        return {"contributions": tf.add_n(added), **ends}


def _places(prepared: Prepared, kind: str) -> NDArray[np.float32]:
    positions = [position for position, one in enumerate(prepared.features) if one.kind == kind]
    return np.eye(len(prepared.features), dtype=np.float32)[positions]
