"""The network's four layers: input, feature extraction, feature fusion, output."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import Task
from app.bundle.outputs import OUTPUT_NAMES
from app.bundle.preprocessor import Preprocessor
from app.bundle.transforms import Tensors
from training.backend import keras
from training.config import NetworkConfig
from training.data.normalize import Prepared
from training.network.defaults import dropout_rate, hidden_units
from training.network.encoders import ENCODERS
from training.network.ensemble import Ensemble, MemberDense, MemberMean, MemberScale, MemberSum

ACTIVATIONS: dict[Task, str] = {"binary": "sigmoid", "multiclass": "softmax", "regression": "linear"}
LOSSES: dict[Task, str] = {
    "binary": "binary_crossentropy",
    "multiclass": "sparse_categorical_crossentropy",
    "regression": "mean_squared_error",
}
"""Cross-entropy for labels (sparse, because the targets are label indices), squared error for values."""

PREDICTION_BATCH = 4096
"""Rows per batch where no gradients are needed."""


def build(prepared: Prepared, config: NetworkConfig) -> Ensemble:
    """Return an untrained network that maps a dict of input tensors to the one output of its task."""
    inputs = input_layer(prepared.preprocessor)
    extracted = feature_extraction(inputs, prepared, config)
    n_scores = len(prepared.labels or ()) if prepared.task == "multiclass" else 1
    direct = direct_scores(inputs, prepared)
    encodings = [*extracted.values(), *direct]
    joint = [] if prepared.task == "multiclass" else interact(extracted)
    fused = feature_fusion(list(extracted.values()), prepared, config)
    members, answer = output_layer(fused, [*direct, *joint], prepared.task, n_scores, config)
    return Ensemble(inputs, members, answer, encodings, name="network")


def predict(model: keras.Model, tensors: Tensors) -> NDArray[np.float32]:
    """Return the network's raw output, float32 of shape (n_rows, n_outputs)."""
    return np.asarray(model.predict(tensors, batch_size=PREDICTION_BATCH, verbose=0))


def input_layer(preprocessor: Preprocessor) -> dict[str, keras.KerasTensor]:
    """Return an input for each tensor that the transforms produce, by name."""
    return {
        name: keras.Input(tensor.shape, dtype=tensor.dtype, name=name) for name, tensor in preprocessor.tensors.items()
    }


def feature_extraction(
    inputs: Mapping[str, keras.KerasTensor], prepared: Prepared, config: NetworkConfig
) -> dict[str, keras.KerasTensor]:
    """Return the encoder's output for each kind, float32 of shape (n_rows, width of that kind)."""
    statistics = prepared.normalization.features
    return {
        kind: ENCODERS[kind].encode(
            {name: inputs[name] for name in transform.tensors},
            [statistics[feature.name] for feature in prepared.features if feature.kind == kind],
            config,
            prepared.train,
        )
        for kind, transform in prepared.preprocessor.transforms.items()
    }


def direct_scores(inputs: Mapping[str, keras.KerasTensor], prepared: Prepared) -> list[keras.KerasTensor]:
    """Return the scores of each kind that has a model of its own, float32 of shape (n_rows, n_scores)."""
    statistics = prepared.normalization.features
    return [
        score(
            {name: inputs[name] for name in transform.tensors},
            [statistics[feature.name] for feature in prepared.features if feature.kind == kind],
            prepared,
        )
        for kind, transform in prepared.preprocessor.transforms.items()
        if (score := ENCODERS[kind].score) is not None
    ]


def interact(extracted: dict[str, keras.KerasTensor]) -> list[keras.KerasTensor]:
    """Return the scores of pairs of kinds, float32 of shape (n_rows, 1).

    Changes `extracted`: the encodings of both kinds are replaced by the one that the fusion reads for the pair.
    """
    scores = []
    for kind, encoder in ENCODERS.items():
        interaction = encoder.interaction
        if interaction and kind in extracted and interaction.other in extracted:
            score, encoding = interaction.combine(extracted.pop(kind), extracted.pop(interaction.other))
            extracted[f"{kind} and {interaction.other}"] = encoding
            scores.append(score)
    return scores


def feature_fusion(
    extracted: Sequence[keras.KerasTensor], prepared: Prepared, config: NetworkConfig
) -> keras.KerasTensor:
    """Concatenate all kinds and apply the members' shared dense layers with ReLU and dropout.

    Returns float32 of shape (members * n_rows, units of the last layer).
    """
    rate = dropout_rate(prepared, config)
    fused = keras.layers.Concatenate(name="fusion")(extracted) if len(extracted) > 1 else extracted[0]
    fused = MemberScale(config.members, name="member_scale")(fused)
    for index, units in enumerate(hidden_units(prepared, config)):
        fused = keras.layers.Dense(units, name=f"fusion_{index}")(fused)
        if config.batch_normalization:
            fused = keras.layers.BatchNormalization(name=f"fusion_{index}_normalized")(fused)
        fused = keras.layers.ReLU(name=f"fusion_{index}_relu")(fused)
        fused = keras.layers.Dropout(rate, name=f"fusion_{index}_dropout")(fused)
    return fused


def output_layer(
    fused: keras.KerasTensor, direct: Sequence[keras.KerasTensor], task: Task, n_scores: int, config: NetworkConfig
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the members' answers, and their mean, which `app.bundle.outputs` names and shapes."""
    # Direct scores are good from the start, so the network's own scores start at zero beside them.
    scores = MemberDense(config.members, n_scores, starts_with_zero=bool(direct), name="scores")(fused)
    if direct:
        scores = MemberSum(name="scores_total")([scores, *direct])
    members = keras.layers.Activation(ACTIVATIONS[task], name="members")(scores)
    return members, MemberMean(name=OUTPUT_NAMES[task])(members)
