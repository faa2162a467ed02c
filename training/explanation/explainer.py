"""Explanations: what each feature adds to a row's score, as a function of the row's tensors.

Integrated gradients (Sundararajan et al., 2017) over the encoders' outputs, on the straight path from their mean over
the train split to the row's. Encodings are vectors whatever the kind, so no gradient of an encoder is needed.
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
from training.network.encoders import ENCODERS
from training.network.ensemble import Ensemble
from training.proof.edge_rows import edge_rows

_MAX_EDGES = 100


class IntegratedGradients:
    """Explains the answers of a fitted network, one row at a time."""

    def __init__(self, network: Ensemble, prepared: Prepared) -> None:
        transforms = prepared.preprocessor.transforms
        kinds = [*transforms, *(kind for kind in transforms if ENCODERS[kind].score)]
        edges = edge_rows(prepared.features, prepared.normalization)
        edges = [edges[index] for index in evenly_spaced(len(edges), _MAX_EDGES)]
        train, probes = prepared.train.tensors, tensors_from_rows(edges, prepared.preprocessor)
        self._encoders = [
            EncoderAttribution(network, encoding, transforms[kind], _places(prepared, kind), train, probes)
            for kind, encoding in zip(kinds, network.encodings, strict=True)
        ]
        link = ScoreLink(prepared.task, prepared.normalization.target)
        self._path = IntegrationPath(network, [encoder.baseline for encoder in self._encoders], link)

    def __call__(self, tensors: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Explain one row, whose tensors are of shape (1, …), for `app.explanations.explainer` to read.

        `contributions` is float32 of shape (1, n_features). `score` and `baseline`, of shape (1, 1), are the scores of
        the row and of the mean encoding, and `label`, of shape (1,), the explained label where there is a choice: see
        `ScoreLink`.
        """
        steps, attributions = zip(*(encoder.step(tensors) for encoder in self._encoders), strict=True)
        slopes, scores = self._path(list(steps))
        contributions = [attribute(slope) for attribute, slope in zip(attributions, slopes, strict=True)]
        return {"contributions": tf.add_n(contributions), **scores}


def _places(prepared: Prepared, kind: str) -> NDArray[np.float32]:
    """Return the positions of the kind's features among all, one-hot."""
    positions = [position for position, feature in enumerate(prepared.features) if feature.kind == kind]
    return np.eye(len(prepared.features), dtype=np.float32)[positions]
