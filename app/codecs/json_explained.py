"""Explained answers, in JSON alone."""

from typing import Any

import msgspec

from app.bundle.manifest import Manifest
from app.codecs.predictions import Answers
from app.explanations.explainer import Explanations
from app.models.model import LoadedModel


def encode_explained(answers: Answers, explanations: Explanations, model: LoadedModel) -> bytes:
    """As answers of JSON, with an `explanation` in each prediction."""
    predictions = model.encoder.builtins(answers)
    for prediction, explanation in zip(predictions, builtins(explanations, model.manifest), strict=True):
        prediction["explanation"] = explanation
    model.metrics.rows.inc(len(answers))
    return msgspec.json.encode({"predictions": predictions, "model": model.identity})


def builtins(explanations: Explanations, manifest: Manifest) -> list[dict[str, Any]]:
    """The explanations as Python's own dicts."""
    names = [feature.name for feature in manifest.features]
    numbers = zip(
        explanations.scores.tolist(),
        explanations.baselines.tolist(),
        explanations.contributions.tolist(),
        explanations.gaps.tolist(),
        strict=True,
    )
    found: list[dict[str, Any]] = [
        {"score": score, "baseline": baseline, "contributions": dict(zip(names, row, strict=True)), "gap": gap}
        for score, baseline, row, gap in numbers
    ]
    if explanations.labels is None or manifest.labels is None:
        return found
    labels = [manifest.labels[index] for index in explanations.labels.tolist()]
    return [{"label": label, **one} for label, one in zip(labels, found, strict=True)]
