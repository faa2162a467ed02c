"""A version that is being served: a model behind its queue, with its metrics and its drift window.

Tests: tests/app/api/test_predict.py (batches of several callers), tests/app/api/test_health.py (probes),
tests/app/api/test_drift.py (windows)
"""

import asyncio
from collections.abc import Sequence
from itertools import chain
from time import perf_counter

from app.batching.batcher import Batcher, Outcome
from app.batching.costs import measure_costs
from app.batching.policy import Policy, derive_policy
from app.bundle.store import Bundle
from app.codecs.columns import Rows
from app.codecs.predictions import Predictions, join
from app.drift.window import Window
from app.errors import Overloaded, PredictionFailed
from app.explanations.queue import ExplanationQueue
from app.models.model import Model
from app.session.buckets import bucket_sizes
from app.settings import Settings
from app.telemetry.metrics import Metrics

_PROBE_SECONDS = 5.0


class ServedModel:
    """A model, its batcher, metrics, drift window and explanation queue. Lives on one event loop, until `close`."""

    def __init__(self, bundle: Bundle, settings: Settings, metrics: Metrics) -> None:
        self.model = model = Model(bundle, settings)
        self.metrics = metrics.for_model(bundle.manifest.name)
        self.watches_drift = settings.drift
        self.window: Window | None = None
        if settings.drift and bundle.reference is not None:
            self.window = Window(bundle.manifest, bundle.normalization, bundle.reference, model.preprocessor)
        self._probes = 0
        sizes = bucket_sizes(settings.max_batch_rows)
        costs = measure_costs(lambda rows: model.predict_batch([list(rows)]), model.golden_rows, sizes)
        policy = derive_policy(costs, settings.max_batch_rows, settings.max_inline_ms / 1000)
        self.batcher: Batcher[Rows] = Batcher(
            self._run_batch, policy, settings.max_queue_rows, settings.max_wait_ms / 1000
        )
        self.explanations = ExplanationQueue(model.explain, settings.max_explained_rows)

    @property
    def policy(self) -> Policy:
        """The policy by which this model's rows are batched."""
        return self.batcher.policy

    async def predict(self, rows: Rows) -> Predictions:
        """Return the predictions of valid rows, which share batches with those of other callers.

        Raises InvalidInstances (SLIPWAY_UNSEEN=reject), Overloaded, PredictionFailed.
        """
        size = self.policy.max_batch_rows
        if len(rows) <= size:
            return self.accept(await self.batcher.submit(rows, len(rows)))
        chunks = [rows[start : start + size] for start in range(0, len(rows), size)]
        outcomes = await asyncio.gather(*(self.batcher.submit(chunk, len(chunk)) for chunk in chunks))
        return join([self.accept(outcome) for outcome in outcomes])

    async def predict_all(self, parts: Sequence[Rows]) -> Predictions:
        """Return the joined predictions of all parts of one request, each predicted in turn as by `predict`."""
        if len(parts) == 1 and len(parts[0]) <= self.batcher.policy.max_batch_rows:
            (rows,) = parts  # nearly all requests: one coroutine less than through `predict`
            return self.accept(await self.batcher.submit(rows, len(rows)))
        return join([await self.predict(part) for part in parts])

    def accept(self, outcome: Outcome) -> Predictions:
        """Record the outcome and return its predictions; raises its error, or InvalidInstances as `predict` does."""
        if outcome.error is not None:
            raise outcome.error
        predictions: Predictions = outcome.answers
        self.metrics.queue.observe(outcome.queue_seconds)
        if predictions.warnings:
            self.model.refuse_unseen(predictions)
            for warning in chain.from_iterable(predictions.warnings.values()):
                self.metrics.count_warning(warning.rule)
        return predictions

    async def probe(self) -> str | None:
        """Send a golden row through the batcher, as a request goes; return the reason if that fails, else None."""
        self._probes += 1
        try:
            outcome = await asyncio.wait_for(self.batcher.submit(self.model.golden_rows[:1], 1), _PROBE_SECONDS)
        except Overloaded:  # busy, but answering
            return None
        except TimeoutError:
            return f"a golden row was not answered within {_PROBE_SECONDS:g} s"
        finally:
            self._probes -= 1
        return None if outcome.error is None else str(outcome.error)

    def close(self) -> None:
        """Stop both queues; the session is released with the last reference to the model."""
        self.batcher.close()
        self.explanations.close()

    def _run_batch(self, parts: Sequence[Rows]) -> Predictions:
        # Drift must not count a probe's row, which no caller sent. Dropping its whole batch is unbiased, since batches
        # form independently of the values in their rows.
        window = None if self._probes else self.window
        started = perf_counter()
        try:
            predictions = self.model.predict_batch(parts, window)
        except PredictionFailed:
            raise
        except Exception as error:  # onnxruntime's exceptions share no base but this
            raise PredictionFailed(f"the graph failed on a batch: {type(error).__name__}") from error
        self.metrics.run.observe(perf_counter() - started)
        self.metrics.batch_rows.observe(len(predictions))
        return predictions
