"""The network's four layers: input, feature extraction, feature fusion, output."""

from collections.abc import Mapping, Sequence

import numpy as np

from app.bundle.manifest import Task
from app.bundle.outputs import OUTPUT_NAMES
from app.bundle.transforms import Preprocessor
from training.backend import keras
from training.config import NetworkConfig
from training.data.normalize import Prepared
from training.fitting.plan import is_long
from training.network.encoders import ENCODERS, INTERACTIONS, SCORERS
from training.network.ensemble import Ensemble, Mean, MemberDense, MemberScale, MemberSum

ACTIVATIONS: dict[Task, str] = {"binary": "sigmoid", "multiclass": "softmax", "regression": "linear"}
LOSSES: dict[Task, str] = {
    "binary": "binary_crossentropy",
    "multiclass": "sparse_categorical_crossentropy",
    "regression": "mean_squared_error",
}
"""Cross-entropy for classes, sparse since the targets are indices; squared error for values alone."""


def build(prepared: Prepared, config: NetworkConfig) -> Ensemble:
    """An untrained network that takes a dict of tensors, one a kind, and answers with its task's one output."""
    inputs = input_layer(prepared.preprocessor)
    extracted = feature_extraction(inputs, prepared, config)
    n_scores = len(prepared.labels or ()) if prepared.task == "multiclass" else 1
    direct = direct_scores(inputs, prepared)
    encodings = [*extracted.values(), *direct]
    joint = [] if prepared.task == "multiclass" else interact(extracted)
    fused = feature_fusion(list(extracted.values()), prepared, config)
    members, answer = output_layer(fused, [*direct, *joint], prepared.task, n_scores, config)
    return Ensemble(inputs, members, answer, encodings, name="network")


def input_layer(preprocessor: Preprocessor) -> dict[str, keras.KerasTensor]:
    """The tensors that the transforms make, by name."""
    return {name: keras.Input(one.shape, dtype=one.dtype, name=name) for name, one in preprocessor.tensors.items()}


def feature_extraction(
    inputs: Mapping[str, keras.KerasTensor], prepared: Prepared, config: NetworkConfig
) -> dict[str, keras.KerasTensor]:
    """Each kind's inputs through that kind's encoder: float32 of shape (n_rows, width of its own)."""
    fitted = prepared.normalization.features
    return {
        kind: ENCODERS[kind](
            {name: inputs[name] for name in transform.tensors},
            [fitted[one.name] for one in prepared.features if one.kind == kind],
            config,
            prepared.train,
        )
        for kind, transform in prepared.preprocessor.transforms.items()
    }


def direct_scores(inputs: Mapping[str, keras.KerasTensor], prepared: Prepared) -> list[keras.KerasTensor]:
    """What kinds with a model of their own add to the scores: float32 of shape (n_rows, n_scores)."""
    fitted = prepared.normalization.features
    return [
        SCORERS[kind](
            {name: inputs[name] for name in transform.tensors},
            [fitted[one.name] for one in prepared.features if one.kind == kind],
            prepared,
        )
        for kind, transform in prepared.preprocessor.transforms.items()
        if kind in SCORERS
    ]


def interact(extracted: dict[str, keras.KerasTensor]) -> list[keras.KerasTensor]:
    """Scores of two kinds together, float32 of shape (n_rows, 1); what the fusion reads of both takes their place."""
    scores = []
    for (one, other), interaction in INTERACTIONS.items():
        if one in extracted and other in extracted:
            score, both = interaction(extracted.pop(one), extracted.pop(other))
            extracted[f"{one} and {other}"] = both
            scores.append(score)
    return scores


def feature_fusion(
    extracted: Sequence[keras.KerasTensor], prepared: Prepared, config: NetworkConfig
) -> keras.KerasTensor:
    """All kinds side by side, then dense layers with ReLU for each member: float32 of shape
    (members * n_rows, last hidden units).
    """
    rate = dropout(prepared, config)
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
    """The members' answers, and their mean as `app.bundle.outputs` names and shapes it."""
    # Beside scores that are good already the network begins with none of its own.
    scores = MemberDense(config.members, n_scores, starts_with_zero=bool(direct), name="scores")(fused)
    if direct:
        scores = MemberSum(name="scores_total")([scores, *direct])
    members = keras.layers.Activation(ACTIVATIONS[task], name="members")(scores)
    return members, Mean(name=OUTPUT_NAMES[task])(members)


def hidden_units(prepared: Prepared, config: NetworkConfig) -> tuple[int, ...]:
    """The configuration's, or twice as wide layers where a long course has the rows to fill them."""
    return config.hidden_units or ((256, 128) if is_long(prepared) else (128, 64))


def dropout(prepared: Prepared, config: NetworkConfig) -> float:
    """The configuration's, or by the train rows: half of the units at a thousand, none from a hundred thousand on.

    None where values are predicted, which the noise would bend, however few the rows.
    """
    if config.dropout is not None:
        return config.dropout
    if prepared.task == "regression":
        return 0.0
    return float(np.interp(np.log10(len(prepared.train.targets)), (3, 5), (0.5, 0.0)))
