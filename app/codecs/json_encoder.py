"""Answers to JSON in one pass of compiled code."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np

from app.bundle.manifest import Manifest
from app.bundle.transforms import RowWarning
from app.codecs.predictions import Answers

_REVIEW: Any = ("review", bool | msgspec.UnsetType, msgspec.UNSET)
_WARNINGS: Any = ("warnings", list[RowWarning] | msgspec.UnsetType, msgspec.UNSET)


class Encoder:
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

    def response(self, answers: Answers) -> bytes:
        """An object of the predictions and the model."""
        return self._encode(self._response(self._predictions(answers), self.identity))

    def predictions(self, answers: Answers) -> bytes:
        """A list of the predictions."""
        return self._encode(self._predictions(answers))

    def builtins(self, answers: Answers) -> list[dict[str, Any]]:
        """The same as Python's own dicts and lists."""
        found: list[dict[str, Any]] = msgspec.to_builtins(self._predictions(answers))
        return found

    def _predictions(self, answers: Answers) -> Sequence[Any]:
        labels, prediction = self._labels, self._prediction
        if labels is None:
            predictions = [prediction(value) for (value,) in answers.decoded.tolist()]
        else:
            probabilities = self._probabilities
            predictions = [
                prediction(labels[index], row[index], probabilities(*row))
                for index, row in zip(answers.labels.tolist(), answers.decoded.tolist(), strict=True)
            ]
        if answers.review is not None:
            for row in np.flatnonzero(answers.review).tolist():
                predictions[row].review = True
        for row, warnings in answers.warnings.items():
            predictions[row].warnings = warnings
        return predictions
