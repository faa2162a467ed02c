"""Explained predictions, in JSON alone.

Tests: tests/app/api/test_explain.py
"""

from typing import Any

import msgspec

from app.codecs.explanations import Explanations
from app.codecs.predictions import Predictions
from app.codecs.response_schema import ResponseSchema


def encode_explained(predictions: Predictions, explanations: Explanations, schema: ResponseSchema) -> bytes:
    """Return the JSON body of an answer, with an `explanation` in each prediction."""
    encoder = schema.json_encoder
    explained = [
        {**prediction, "explanation": explanation}
        for prediction, explanation in zip(encoder.builtins(predictions), _builtins(explanations, schema), strict=True)
    ]
    return msgspec.json.encode({"predictions": explained, "model": encoder.identity})


def _builtins(explanations: Explanations, schema: ResponseSchema) -> list[dict[str, Any]]:
    """Return the explanations as dicts."""
    numbers = zip(
        explanations.scores.tolist(),
        explanations.baselines.tolist(),
        explanations.contributions.tolist(),
        explanations.gaps.tolist(),
        strict=True,
    )
    explained: list[dict[str, Any]] = [
        {
            "score": score,
            "baseline": baseline,
            "contributions": dict(zip(schema.features, contributions, strict=True)),
            "gap": gap,
        }
        for score, baseline, contributions, gap in numbers
    ]
    if explanations.labels is None or schema.labels is None:
        return explained
    labels = [schema.labels[index] for index in explanations.labels.tolist()]
    return [{"label": label, **explanation} for label, explanation in zip(labels, explained, strict=True)]
