"""One loaded version: its schema, its session and its batcher behind `predict`."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.batching.batcher import Batcher, BatchTimes
from app.bundle.base import BundleError
from app.bundle.manifest import Golden, Manifest
from app.bundle.outputs import decide, decode
from app.bundle.store import Bundle
from app.bundle.transforms import Preprocessor, Raw, RowWarning, concatenate
from app.errors import InvalidInstances, Overloaded, PredictionFailed, Problem
from app.metrics import Metrics
from app.schemas import RequestSchema, Row
from app.session import Session
from app.settings import Settings

_ONNX_TYPES = {"float32": "tensor(float)", "int32": "tensor(int32)"}
_PROBE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Answers:
    """Decoded answers of shape (n_rows, n_labels) or (n_rows, 1), and the warnings by row number."""

    decoded: NDArray[np.float64]
    warnings: dict[int, list[RowWarning]]


class LoadedModel:
    """One version, ready to answer. Immutable; lives from its load to `close`, on one event loop.

    Raises BundleError where the graph does not fit the manifest or does not give the golden answers.
    """

    def __init__(self, bundle: Bundle, settings: Settings, metrics: Metrics) -> None:
        self.manifest: Manifest = bundle.manifest
        self._preprocessor = Preprocessor(bundle.manifest.features, bundle.normalization)
        self.schema = RequestSchema(bundle.manifest, bundle.normalization)
        self.session = Session(bundle.model, settings.threads)
        self._target = bundle.normalization.target
        self._reject_unseen = settings.unseen == "reject"
        self._max_batch_rows = settings.max_batch_rows
        self._metrics = metrics
        self._batcher: Batcher[Raw] = Batcher(self._run_batch, settings.max_batch_rows, settings.max_queue_rows)
        self._check_tensors()
        self._check_golden(bundle.golden)
        self._probe, _ = self._vectorize(bundle.golden.rows[:1])

    @property
    def identity(self) -> dict[str, Any]:
        """Name and version, as an answer names them."""
        return {"name": self.manifest.name, "version": self.manifest.version}

    async def predict(self, rows: Sequence[Row]) -> Answers:
        """Answers of validated rows, run together with those of other callers.

        Raises InvalidInstances (SLIPWAY_UNSEEN=reject), Overloaded, PredictionFailed.
        """
        raw, warnings = self._vectorize(rows)
        pieces = [_slice(raw, start, self._max_batch_rows) for start in range(0, len(rows), self._max_batch_rows)]
        answered = await asyncio.gather(*(self._batcher.submit(piece, _n_rows(piece)) for piece in pieces))
        self._observe([times for _, times in answered], warnings)
        return Answers(np.concatenate([decoded for decoded, _ in answered]), warnings)

    def predict_offline(self, rows: Sequence[Row]) -> Answers:
        """As `predict`, on the calling thread."""
        raw, warnings = self._vectorize(rows)
        return Answers(self._decoded(raw), warnings)

    async def probe(self) -> str | None:
        """Send one golden row through the batcher as every request goes; the reason where that fails."""
        try:
            await asyncio.wait_for(self._batcher.submit(self._probe, 1), _PROBE_SECONDS)
        except Overloaded:  # busy, but answering
            return None
        except TimeoutError:
            return f"a golden row was not answered within {_PROBE_SECONDS:g} s"
        except PredictionFailed as error:
            return str(error)
        return None

    def render(self, answers: Answers) -> list[dict[str, Any]]:
        """The answers in the form of a response."""
        decoded = answers.decoded
        predictions: list[dict[str, Any]]
        if self.manifest.labels is None:
            predictions = [{"value": value} for value in decoded[:, 0].tolist()]
        else:
            labels = self.manifest.labels
            chosen = decide(decoded)
            predictions = [
                {
                    "label": labels[index],
                    "probability": row[index],
                    "probabilities": dict(zip(labels, row, strict=True)),
                }
                for index, row in zip(chosen.tolist(), decoded.tolist(), strict=True)
            ]
        for row, warnings in answers.warnings.items():
            predictions[row]["warnings"] = [
                {"feature": one.feature, "rule": one.rule, "message": one.message} for one in warnings
            ]
        return predictions

    async def close(self) -> None:
        """Stop the batcher; the session goes with the last reference."""
        await self._batcher.close()

    def _vectorize(self, rows: Sequence[Row]) -> tuple[Raw, dict[int, list[RowWarning]]]:
        columns = self._preprocessor.columns(rows)
        raw = self._preprocessor.vectorize(columns)
        found = list(self._preprocessor.warnings(columns, raw))
        if found and self._reject_unseen:
            problems = [Problem(row, one.feature, one.rule, one.message) for row, one in found]
            raise InvalidInstances(problems, len(problems))
        warnings: dict[int, list[RowWarning]] = {}
        for row, warning in found:
            warnings.setdefault(row, []).append(warning)
        return raw, warnings

    async def _run_batch(self, payloads: Sequence[Raw]) -> NDArray[np.float64]:
        raw = concatenate(payloads)
        self._metrics.batch_rows.labels(self.manifest.name).observe(_n_rows(raw))
        try:
            return await asyncio.to_thread(self._decoded, raw)
        except PredictionFailed:
            raise
        except Exception as error:  # onnxruntime's exceptions share no base but this
            raise PredictionFailed(f"the graph failed on a batch: {type(error).__name__}") from error

    def _decoded(self, raw: Raw) -> NDArray[np.float64]:
        outputs = self.session.run(self._preprocessor.normalize(raw))
        decoded = decode(self.manifest.task, outputs, self._target)
        if not np.isfinite(decoded).all():
            raise PredictionFailed("the graph answered with a value that is not finite")
        return decoded

    def _observe(self, times: Iterable[BatchTimes], warnings: Mapping[int, Sequence[RowWarning]]) -> None:
        name = self.manifest.name
        for one in times:
            self._metrics.stage(name, "queue", one.queue_seconds)
            self._metrics.stage(name, "run", one.run_seconds)
        for warning in (one for found in warnings.values() for one in found):
            self._metrics.warnings.labels(name, warning.rule).inc()

    def _check_tensors(self) -> None:
        for spec in self.manifest.inputs:
            kind, shape = self.session.inputs.get(spec.name, (None, []))
            if kind != _ONNX_TYPES[spec.dtype] or list(shape[1:]) != list(spec.shape[1:]):
                raise BundleError(f"input {spec.name!r} must be {spec.dtype}{list(spec.shape)}, found {kind}{shape}")
        widths = {spec.name: spec.shape[1] for spec in self.manifest.inputs}
        fitted = {kind: transform.width for kind, transform in self._preprocessor.transforms.items()}
        if fitted != widths or self.session.inputs.keys() != widths.keys():
            raise BundleError(f"the features make tensors of widths {fitted}, the graph reads {widths}")
        outputs = [spec.name for spec in self.manifest.outputs]
        if outputs != self.session.outputs:
            raise BundleError(f"outputs must be {outputs}, found {self.session.outputs}")

    def _check_golden(self, golden: Golden) -> None:
        """Warm up, and hold the graph to the answers that training saw."""
        try:
            decoded = self.predict_offline(self.schema.check(golden.rows)).decoded
        except (InvalidInstances, PredictionFailed) as error:
            raise BundleError(f"the golden rows cannot be predicted: {error}") from error
        expected = np.array(golden.expected)
        if expected.shape != decoded.shape:
            raise BundleError(f"golden answers must have the shape {decoded.shape}, found {expected.shape}")
        difference = float(np.abs(decoded - expected).max())
        if not difference <= golden.tolerance:
            raise BundleError(f"golden answers must hold within {golden.tolerance:g}, they differ by {difference:g}")


def _n_rows(raw: Raw) -> int:
    return len(next(iter(raw.values())))


def _slice(raw: Raw, start: int, n_rows: int) -> Raw:
    return {kind: array[start : start + n_rows] for kind, array in raw.items()}
