"""Explanations as columns of a table, for `slipway score --explain`.

Tests: tests/app/commands/test_score.py (explained rows have a column per feature)
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from app.bundle.manifest import Manifest
from app.codecs.explanations import Explanations
from app.codecs.request_schema import Instance
from app.models.model import Model


def explanation_schema(manifest: Manifest) -> dict[str, Any]:
    """Return the polars types of a model's explanation columns, by name."""
    label = {"explanation_label": pl.String} if manifest.labels else {}
    numbers = ["explanation_score", "explanation_baseline", "explanation_gap", *_contributions(manifest)]
    return {**label, **dict.fromkeys(numbers, pl.Float64)}


def explanation_columns(model: Model, batch: Sequence[Instance]) -> Mapping[str, Sequence[Any]]:
    """Return the explanation columns of valid instances, with a value per instance.

    Raises NotExplainable if the model has no explanation, and PredictionFailed if the explanation fails.
    """
    manifest = model.manifest
    if not batch:
        return dict.fromkeys(explanation_schema(manifest), ())
    explained = model.explain([model.schema.check(batch)])
    arrays = [explained.scores, explained.baselines, explained.gaps, *explained.contributions.T]
    names = [name for name, dtype in explanation_schema(manifest).items() if dtype == pl.Float64]
    columns = dict(zip(names, map(np.ndarray.tolist, arrays), strict=True))
    return {**_labels(explained, manifest), **columns}


def _labels(explained: Explanations, manifest: Manifest) -> dict[str, list[str]]:
    if explained.labels is None or manifest.labels is None:
        return {}
    return {"explanation_label": [manifest.labels[index] for index in explained.labels.tolist()]}


def _contributions(manifest: Manifest) -> list[str]:
    return [f"contribution_{feature.name}" for feature in manifest.features]
