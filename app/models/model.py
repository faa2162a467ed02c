"""One verified version of a model, which predicts on the calling thread.

Tests: tests/app/api/test_predict.py, tests/app/models/test_decision.py, tests/app/models/test_precision.py (golden
answers)
"""

from collections.abc import Sequence

import numpy as np

from app.bundle.errors import BundleError
from app.bundle.manifest import Golden, Manifest, Precision
from app.bundle.outputs import decide, decode, in_review_band, is_finite
from app.bundle.preprocessor import Preprocessor, Raw, concatenate
from app.bundle.store import Bundle
from app.bundle.transforms import TRANSFORMS, CellLookup, RowWarning
from app.codecs.columns import ColumnBatch, ColumnReader, Rows
from app.codecs.explanations import Explanations
from app.codecs.json_decoder import Row
from app.codecs.predictions import Predictions
from app.codecs.reader import RequestReader
from app.codecs.request_schema import RequestSchema
from app.codecs.response_schema import ResponseSchema
from app.drift.window import Window
from app.errors import InvalidInstances, NotExplainable, PredictionFailed, Problem
from app.explanations.explainer import Explainer
from app.models.ranker import make_ranker
from app.session import Session
from app.settings import Settings

_ONNX_TYPES = {"float32": "tensor(float)", "int32": "tensor(int32)"}


class Model:
    """One version, which predicts on the calling thread. Immutable, safe to share between threads.

    Raises BundleError if the graph does not fit the manifest, or does not give the golden answers.
    """

    def __init__(self, bundle: Bundle, settings: Settings) -> None:
        self.manifest: Manifest = bundle.manifest
        self.identity = {"name": bundle.manifest.name, "version": bundle.manifest.version}
        self.preprocessor = Preprocessor(bundle.manifest.features, bundle.normalization)
        self.schema = RequestSchema(bundle.manifest, bundle.normalization, self.preprocessor.readers)
        columns = ColumnReader(bundle.manifest.features, self.preprocessor, self.schema)
        self.reader = RequestReader(self.schema, columns, settings.max_body_bytes, settings.max_stream_rows)
        self.response_schema = ResponseSchema.from_manifest(bundle.manifest)
        self.precision: Precision = bundle.precision
        self.session = Session(
            bundle.model, settings.threads, settings.providers, settings.max_batch_rows, bundle.model_file
        )
        self.reads_files = any(TRANSFORMS[feature.kind].is_file for feature in bundle.manifest.features)
        """True if a small body may take long to decode: a few kilobytes can be an image of millions of pixels."""
        self._target = bundle.normalization.target
        calibration = bundle.manifest.calibration
        self._calibrate = calibration.calibrator() if calibration else None
        self._reject_unseen = settings.unseen == "reject"
        self._check_tensors()
        self.golden_rows = self._check_golden(bundle.golden)
        self.ranker = make_ranker(bundle, self.preprocessor, self.schema, reject_unseen=self._reject_unseen)
        self._explainer = None if bundle.explanation is None else Explainer(bundle.explanation, bundle)

    def predict(self, rows: Rows) -> Predictions:
        """Return the predictions of valid rows; raises InvalidInstances (SLIPWAY_UNSEEN=reject), PredictionFailed."""
        predictions = self.predict_batch([rows])
        self.refuse_unseen(predictions)
        return predictions

    def predict_batch(self, parts: Sequence[Rows], window: Window | None = None) -> Predictions:
        """Return the predictions of valid rows of several requests, in order, from one run of the graph.

        The drift window, if given, counts the rows unless some of them are generated. Unseen values only cause
        warnings, even with SLIPWAY_UNSEEN=reject. Raises PredictionFailed.
        """
        vectorized = [self._vectorize(part) for part in _merged(parts)]
        raw = concatenate([part for part, _ in vectorized])
        ordinary = self.preprocessor.ordinary(raw)
        outputs = self.session.run(self.preprocessor.normalize(raw, ordinary=ordinary))
        decoded = decode(self.manifest.task, outputs, self._target, self._calibrate)
        if not is_finite(decoded):
            raise PredictionFailed("the graph answered with a value that is not finite")
        warnings = {} if ordinary else self._warnings(vectorized)
        if window is not None and None not in [cell for _, cell in vectorized]:
            window.add(raw, decoded)
        if not self.manifest.labels:
            return Predictions(decoded, np.zeros(len(decoded), np.intp), warnings)
        band = self.manifest.review
        review = in_review_band(decoded, band) if band else None
        return Predictions(decoded, decide(decoded, self.manifest.threshold), warnings, review)

    def refuse_unseen(self, predictions: Predictions) -> None:
        """Raise InvalidInstances if there are warnings and SLIPWAY_UNSEEN=reject."""
        if self._reject_unseen and predictions.warnings:
            problems = [
                Problem(row, warning.feature, warning.rule, warning.message)
                for row, warnings in predictions.warnings.items()
                for warning in warnings
            ]
            raise InvalidInstances(problems, len(problems))

    def explain(self, parts: Sequence[Rows]) -> Explanations:
        """Return what each feature adds to the score of valid rows; raises NotExplainable, PredictionFailed."""
        raw = concatenate([self._vectorize(part)[0] for part in _merged(parts)])
        return self.require_explainer().explain(self.preprocessor.normalize(raw))

    def require_explainer(self) -> Explainer:
        """Return the version's explainer; raises NotExplainable where it was published without one."""
        if self._explainer is None:
            raise NotExplainable(f"{self.manifest.name}:{self.manifest.version} was published without an explanation")
        return self._explainer

    def _vectorize(self, rows: Rows) -> tuple[Raw, CellLookup | None]:
        """Return raw arrays, and a function that looks up a cell for warnings to quote: None for generated rows."""
        if isinstance(rows, ColumnBatch):
            return rows.raw, None if rows.generated else rows.cell
        return self.preprocessor.vectorize_rows(rows), lambda row, position: rows[row][position]

    def _warnings(self, parts: Sequence[tuple[Raw, CellLookup | None]]) -> dict[int, list[RowWarning]]:
        """Return warnings by row number, counted over all parts."""
        warnings: dict[int, list[RowWarning]] = {}
        first = 0
        for raw, cell in parts:
            for row, warning in self.preprocessor.warnings(raw, cell) if cell else ():
                warnings.setdefault(first + row, []).append(warning)
            first += len(next(iter(raw.values())))
        return warnings

    def _check_tensors(self) -> None:
        """Raise BundleError unless the graph's inputs and outputs are those of the manifest and the features."""
        for spec in self.manifest.inputs:
            dtype, shape = self.session.inputs.get(spec.name, (None, []))
            if dtype != _ONNX_TYPES[spec.dtype] or list(shape[1:]) != list(spec.shape[1:]):
                raise BundleError(f"input {spec.name!r} must be {spec.dtype}{list(spec.shape)}, found {dtype}{shape}")
        read = {spec.name: (spec.dtype, spec.shape[1:]) for spec in self.manifest.inputs}
        made = {name: (tensor.dtype, tensor.shape) for name, tensor in self.preprocessor.tensors.items()}
        if made != read or self.session.inputs.keys() != read.keys():
            raise BundleError(f"the features make the tensors {made}, the graph reads {read}")
        outputs = [spec.name for spec in self.manifest.outputs]
        if outputs != self.session.outputs:
            raise BundleError(f"outputs must be {outputs}, found {self.session.outputs}")

    def _check_golden(self, golden: Golden) -> list[Row]:
        """Warm up, compare the graph's answers with those that training saw, and return the golden rows.

        Raises BundleError if the answers differ by more than the tolerance.
        """
        try:
            rows = self.schema.check(golden.rows)
            decoded = self.predict_batch([rows]).decoded
        except (InvalidInstances, PredictionFailed) as error:
            raise BundleError(f"the golden rows cannot be predicted: {error}") from error
        expected = np.array(golden.expected)
        if expected.shape != decoded.shape:
            raise BundleError(f"golden answers must have the shape {decoded.shape}, found {expected.shape}")
        difference = float(np.abs(decoded - expected).max())
        if not difference <= golden.tolerance:
            raise BundleError(f"golden answers must hold within {golden.tolerance:g}, they differ by {difference:g}")
        return rows


def _merged(parts: Sequence[Rows]) -> Sequence[Rows]:
    """Return the parts in order, with adjacent lists of rows joined, since one call costs less than a call for each."""
    if len(parts) == 1:
        return parts
    merged: list[Rows] = []
    for part in parts:
        last = merged[-1] if merged else None
        if isinstance(part, list) and isinstance(last, list):
            last += part
        else:
            merged.append(part if isinstance(part, ColumnBatch) else list(part))
    return merged
