"""One loaded version: its schema, its session and its batcher behind `predict`."""

import asyncio
from collections.abc import Sequence
from itertools import chain
from time import perf_counter

import numpy as np

from app.batching.batcher import Batcher, Outcome
from app.batching.costs import measure
from app.batching.policy import Policy, derive
from app.bundle.errors import BundleError
from app.bundle.manifest import Golden, Manifest, Precision
from app.bundle.outputs import decide, decode, in_review_band, is_finite
from app.bundle.store import Bundle
from app.bundle.transforms import TRANSFORMS, Cell, Preprocessor, Raw, RowWarning, concatenate
from app.codecs.columns import Candidates, ColumnReader, Payload, Table
from app.codecs.json_decoder import Row
from app.codecs.json_encoder import Encoder
from app.codecs.predictions import Answers, join
from app.codecs.request_schema import RequestSchema
from app.drift.window import Window
from app.errors import InvalidInstances, NotExplainable, Overloaded, PredictionFailed, Problem
from app.explanations.explainer import Explainer, Explanations
from app.explanations.queue import ExplanationQueue
from app.models.ranker import make_ranker
from app.session import Session
from app.settings import Settings
from app.telemetry.metrics import Metrics

_ONNX_TYPES = {"float32": "tensor(float)", "int32": "tensor(int32)"}
_PROBE_SECONDS = 5.0


class Model:
    """One version, which answers on the thread that asks. Immutable.

    Raises BundleError where the graph does not fit the manifest or does not give the golden answers.
    """

    def __init__(self, bundle: Bundle, settings: Settings) -> None:
        self.manifest: Manifest = bundle.manifest
        self.identity = {"name": bundle.manifest.name, "version": bundle.manifest.version}
        self._preprocessor = Preprocessor(bundle.manifest.features, bundle.normalization)
        self.schema = RequestSchema(bundle.manifest, bundle.normalization, self._preprocessor.readers)
        self.encoder = Encoder(bundle.manifest)
        self.columns = ColumnReader(bundle.manifest.features, self._preprocessor, self.schema)
        self.precision: Precision = bundle.precision
        self.session = Session(
            bundle.model, settings.threads, settings.providers, settings.max_batch_rows, bundle.model_file
        )
        self.limits = settings
        self.reads_files = any(TRANSFORMS[one.kind].is_file for one in bundle.manifest.features)
        """Whether a small body may take long to read: a few kilobytes can be an image of millions of pixels."""
        self._target = bundle.normalization.target
        calibration = bundle.manifest.calibration
        self._calibrate = calibration.calibrator() if calibration else None
        self._reject_unseen = settings.unseen == "reject"
        self._check_tensors()
        self._golden = self._check_golden(bundle.golden)
        self.ranker = make_ranker(bundle, self._preprocessor, self.schema, reject_unseen=self._reject_unseen)
        self._explainer = None if bundle.explanation is None else Explainer(bundle.explanation, bundle)

    def predict_offline(self, rows: Payload) -> Answers:
        """Answers of validated rows; raises InvalidInstances (SLIPWAY_UNSEEN=reject), PredictionFailed."""
        answers = self._answer([rows])
        self._refuse_unseen(answers)
        return answers

    def explain(self, payloads: Sequence[Payload]) -> Explanations:
        """What each feature adds to the answers of validated rows; raises NotExplainable, PredictionFailed."""
        raw = concatenate([self._vectorize(payload)[0] for payload in _merged(payloads)])
        return self.require_explainer().explain(self._preprocessor.normalize(raw))

    def require_explainer(self) -> Explainer:
        """What explains the version; raises NotExplainable where it was published without."""
        if self._explainer is None:
            raise NotExplainable(f"{self.manifest.name}:{self.manifest.version} was published without an explanation")
        return self._explainer

    def _answer(self, payloads: Sequence[Payload], window: Window | None = None) -> Answers:
        parts = [self._vectorize(payload) for payload in _merged(payloads)]
        raw = concatenate([part for part, _ in parts])
        ordinary = self._preprocessor.ordinary(raw)
        outputs = self.session.run(self._preprocessor.normalize(raw, ordinary=ordinary))
        decoded = decode(self.manifest.task, outputs, self._target, self._calibrate)
        if not is_finite(decoded):
            raise PredictionFailed("the graph answered with a value that is not finite")
        warnings = {} if ordinary else self._warnings(parts)
        if window is not None:
            window.add(raw, decoded)
        if not self.manifest.labels:
            return Answers(decoded, np.zeros(len(decoded), np.intp), warnings)
        band = self.manifest.review
        review = in_review_band(decoded, band) if band else None
        return Answers(decoded, decide(decoded, self.manifest.threshold), warnings, review)

    def _vectorize(self, payload: Payload) -> tuple[Raw, Cell | None]:
        if isinstance(payload, Table):
            return payload.raw, None if isinstance(payload, Candidates) else payload.cell
        return self._preprocessor.vectorize_rows(payload), lambda row, position: payload[row][position]

    def _warnings(self, parts: Sequence[tuple[Raw, Cell | None]]) -> dict[int, list[RowWarning]]:
        """Warnings by row number, counted over all parts."""
        warnings: dict[int, list[RowWarning]] = {}
        first = 0
        for part, cell in parts:
            for row, warning in self._preprocessor.warnings(part, cell) if cell else ():
                warnings.setdefault(first + row, []).append(warning)
            first += len(next(iter(part.values())))
        return warnings

    def _refuse_unseen(self, answers: Answers) -> None:
        if self._reject_unseen and answers.warnings:
            found = [(row, one) for row, warnings in answers.warnings.items() for one in warnings]
            problems = [Problem(row, one.feature, one.rule, one.message) for row, one in found]
            raise InvalidInstances(problems, len(problems))

    def _check_tensors(self) -> None:
        for spec in self.manifest.inputs:
            kind, shape = self.session.inputs.get(spec.name, (None, []))
            if kind != _ONNX_TYPES[spec.dtype] or list(shape[1:]) != list(spec.shape[1:]):
                raise BundleError(f"input {spec.name!r} must be {spec.dtype}{list(spec.shape)}, found {kind}{shape}")
        read = {spec.name: (spec.dtype, spec.shape[1:]) for spec in self.manifest.inputs}
        made = {name: (one.dtype, one.shape) for name, one in self._preprocessor.tensors.items()}
        if made != read or self.session.inputs.keys() != read.keys():
            raise BundleError(f"the features make the tensors {made}, the graph reads {read}")
        outputs = [spec.name for spec in self.manifest.outputs]
        if outputs != self.session.outputs:
            raise BundleError(f"outputs must be {outputs}, found {self.session.outputs}")

    def _check_golden(self, golden: Golden) -> list[Row]:
        """Warm up, hold the graph to the answers that training saw, and return the golden rows."""
        try:
            rows = self.schema.check(golden.rows)
            decoded = self._answer([rows]).decoded
        except (InvalidInstances, PredictionFailed) as error:
            raise BundleError(f"the golden rows cannot be predicted: {error}") from error
        expected = np.array(golden.expected)
        if expected.shape != decoded.shape:
            raise BundleError(f"golden answers must have the shape {decoded.shape}, found {expected.shape}")
        difference = float(np.abs(decoded - expected).max())
        if not difference <= golden.tolerance:
            raise BundleError(f"golden answers must hold within {golden.tolerance:g}, they differ by {difference:g}")
        return rows


class LoadedModel(Model):
    """One version behind its batcher. Lives from its load to `close`, on one event loop."""

    def __init__(self, bundle: Bundle, settings: Settings, metrics: Metrics) -> None:
        super().__init__(bundle, settings)
        self.metrics = metrics.for_model(bundle.manifest.name)
        self.window: Window | None = None
        if settings.drift and bundle.reference is not None:
            self.window = Window(bundle.manifest, bundle.normalization, bundle.reference, self._preprocessor)
        self._probes = 0
        self.costs = measure(lambda rows: self._answer([list(rows)]), self._golden, settings.max_batch_rows)
        policy = derive(self.costs, settings.max_batch_rows, settings.max_inline_ms / 1000)
        # Where rows wait; the fast lane brings its own callback to it, and hands the outcome to `accept`.
        self.batcher: Batcher[Payload] = Batcher(
            self._answer_batch, policy, settings.max_queue_rows, settings.max_wait_ms / 1000
        )

        self.explanations = ExplanationQueue(self.explain, settings.max_explained_rows)

    @property
    def policy(self) -> Policy:
        """How this model's rows are batched."""
        return self.batcher.policy

    async def predict(self, rows: Payload) -> Answers:
        """Answers of validated rows, run together with those of other callers.

        Raises InvalidInstances (SLIPWAY_UNSEEN=reject), Overloaded, PredictionFailed.
        """
        size = self.policy.max_batch_rows
        if len(rows) <= size:
            return self.accept(await self.batcher.submit(rows, len(rows)))
        pieces = [rows[start : start + size] for start in range(0, len(rows), size)]
        outcomes = await asyncio.gather(*(self.batcher.submit(piece, len(piece)) for piece in pieces))
        return join([self.accept(outcome) for outcome in outcomes])

    async def predict_all(self, payloads: Sequence[Payload]) -> Answers:
        """As `predict`, of all rows of one request, in order."""
        if len(payloads) == 1 and len(payloads[0]) <= self.batcher.policy.max_batch_rows:
            (rows,) = payloads  # one coroutine less than by `predict`, for nearly all requests
            return self.accept(await self.batcher.submit(rows, len(rows)))
        return join([await self.predict(payload) for payload in payloads])

    def accept(self, outcome: Outcome) -> Answers:
        """The answers of a batch's outcome, counted; raises its error, and InvalidInstances as `predict` does."""
        if outcome.error is not None:
            raise outcome.error
        answers: Answers = outcome.answers
        self.metrics.queue.observe(outcome.queue_seconds)
        if answers.warnings:
            self._refuse_unseen(answers)
            for warning in chain.from_iterable(answers.warnings.values()):
                self.metrics.count_warning(warning.rule)
        return answers

    async def probe(self) -> str | None:
        """Send one golden row through the batcher as every request goes; the reason where that fails."""
        self._probes += 1
        try:
            outcome = await asyncio.wait_for(self.batcher.submit(self._golden[:1], 1), _PROBE_SECONDS)
        except Overloaded:  # busy, but answering
            return None
        except TimeoutError:
            return f"a golden row was not answered within {_PROBE_SECONDS:g} s"
        finally:
            self._probes -= 1
        return None if outcome.error is None else str(outcome.error)

    def close(self) -> None:
        """Stop the batcher; the session goes with the last reference."""
        self.batcher.close()
        self.explanations.close()

    def _answer_batch(self, payloads: Sequence[Payload]) -> Answers:
        # A probe's row is no caller's; to leave out its company with it, at random, bends no distribution.
        window = None if self._probes or Candidates in map(type, payloads) else self.window
        started = perf_counter()
        try:
            answers = self._answer(payloads, window)
        except PredictionFailed:
            raise
        except Exception as error:  # onnxruntime's exceptions share no base but this
            raise PredictionFailed(f"the graph failed on a batch: {type(error).__name__}") from error
        self.metrics.run.observe(perf_counter() - started)
        self.metrics.batch_rows.observe(len(answers))
        return answers


def _merged(payloads: Sequence[Payload]) -> Sequence[Payload]:
    """The payloads in order, neighbours that are rows made one: what has one call costs less than what has many."""
    if len(payloads) == 1:
        return payloads
    merged: list[Payload] = []
    for payload in payloads:
        last = merged[-1] if merged else None
        if isinstance(payload, list) and isinstance(last, list):
            last += payload
        else:
            merged.append(payload if isinstance(payload, Table) else list(payload))
    return merged
