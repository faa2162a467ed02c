"""Predictions to JSON in one pass of compiled code.

Tests: tests/app/codecs/test_json_codec.py, tests/app/api/test_predict.py (answers of each task)
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np

from app.bundle.manifest import Manifest
from app.bundle.transforms import RowWarning
from app.codecs.predictions import Predictions

_REVIEW: Any = ("review", bool | msgspec.UnsetType, msgspec.UNSET)
_WARNINGS: Any = ("warnings", list[RowWarning] | msgspec.UnsetType, msgspec.UNSET)


class JsonEncoder:
    """Writes the predictions of one bundle. Immutable, safe to share between threads."""

    def __init__(self, manifest: Manifest) -> None:
        self._labels = manifest.labels
        if manifest.labels is None:
            self._prediction: Any = msgspec.defstruct("Prediction", [("value", float), _WARNINGS], gc=False)
        else:
            names = {f"p{index}": label for index, label in enumerate(manifest.labels)}
            self._probabilities: Any = msgspec.defstruct(
                "Probabilities", [(name, float) for name in names], rename=names.get, gc=False
            )
            fields = [("label", str), ("probability", float), ("probabilities", self._probabilities)]
            last = [_REVIEW, _WARNINGS] if manifest.review else [_WARNINGS]
            self._prediction = msgspec.defstruct("Prediction", [*fields, *last], gc=False)
        fields = [("predictions", list[self._prediction]), ("model", msgspec.Raw)]  # type: ignore[name-defined]
        self._response: Any = msgspec.defstruct("Response", fields, gc=False)
        self._encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode
        self.identity = msgspec.Raw(self._encode({"name": manifest.name, "version": manifest.version}))

    def response(self, predictions: Predictions) -> bytes:
        """Return the object of the predictions and the model, as JSON."""
        return self._encode(self._response(self._structs(predictions), self.identity))

    def prediction_list(self, predictions: Predictions) -> bytes:
        """Return the list of the predictions, as JSON."""
        return self._encode(self._structs(predictions))

    def builtins(self, predictions: Predictions) -> list[dict[str, Any]]:
        """Return the predictions as dicts, as their JSON would be read back."""
        converted: list[dict[str, Any]] = msgspec.to_builtins(self._structs(predictions))
        return converted

    def _structs(self, predictions: Predictions) -> Sequence[Any]:
        labels, prediction = self._labels, self._prediction
        if labels is None:
            structs = [prediction(value) for (value,) in predictions.decoded.tolist()]
        else:
            probabilities = self._probabilities
            structs = [
                prediction(labels[index], row[index], probabilities(*row))
                for index, row in zip(predictions.labels.tolist(), predictions.decoded.tolist(), strict=True)
            ]
        if predictions.review is not None:
            for row in np.flatnonzero(predictions.review).tolist():
                structs[row].review = True
        for row, warnings in predictions.warnings.items():
            structs[row].warnings = warnings
        return structs
