"""The most recent rows of one model, counted by bin."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.bins.base import Bins, FeatureReference
from app.bundle.errors import BundleError
from app.bundle.manifest import Manifest
from app.bundle.normalization import Normalization
from app.bundle.preprocessor import Preprocessor, Raw
from app.bundle.reference import Reference, bins_by_quantity, raw_columns
from app.bundle.score_bins import ScoreBins
from app.bundle.transforms import TRANSFORMS, Feature

HALF_LIFE_ROWS = 10_000
"""Rows after which a row counts half. Counting rows and not seconds fills the window at any traffic."""

PENDING_ROWS = 512
"""Rows that are collected before they are counted: a pass over a column costs the same for one row or a hundred."""


@dataclass(frozen=True, slots=True)
class MonitoredQuantity:
    """A quantity of a feature, such as its value or its length, and the bins that count it.

    `index` is the feature's column in the summary array of its kind.
    """

    name: str
    quantity: str
    kind: str
    index: int
    counter: Bins


class Window:
    """Counts per bin that decay by half every HALF_LIFE_ROWS rows. Lives as long as its model; safe in any thread.

    Raises BundleError if the reference does not fit the features and their statistics.
    """

    def __init__(
        self, manifest: Manifest, normalization: Normalization, reference: Reference, preprocessor: Preprocessor
    ) -> None:
        self.features = list(_monitored(manifest, normalization, reference))
        self.score = _score(manifest, reference)
        self._kinds = list(dict.fromkeys(monitored.kind for monitored in self.features))
        self._summaries = {
            kind: preprocessor.transforms[kind].summary
            for kind in self._kinds
            if TRANSFORMS[kind].distribution.is_summarized
        }
        self._counts: NDArray[np.float64] = np.zeros(sum(len(counter.bins) for counter in self.counters))
        self._pending: deque[tuple[bytes, ...]] = deque()
        self._n_pending = 0
        self._forms: list[tuple[np.dtype[Any], tuple[int, ...]]] = []
        self._lock = Lock()

    @property
    def counters(self) -> list[Bins]:
        """Return the bins of each monitored quantity, in the order of `features`, then those of the score."""
        return [*(monitored.counter for monitored in self.features), self.score]

    def add(self, raw: Raw, decoded: NDArray[np.float64]) -> None:
        """Count the rows of a batch.

        `raw` holds an array of shape (n_rows, n_features, ...) per kind, `decoded` the float64 answers of shape
        (n_rows, n_outputs).
        """
        n_rows = len(decoded)
        if self._summaries:
            raw = raw | {kind: summary(raw[kind]) for kind, summary in self._summaries.items()}
        if n_rows >= PENDING_ROWS:
            with self._lock:
                self._count([*[raw[kind] for kind in self._kinds], decoded])
            return
        if not self._forms:
            self._forms = [(array.dtype, array.shape[1:]) for array in (*[raw[kind] for kind in self._kinds], decoded)]
        # Copied, because a few rows may be views of a body of megabytes, which they would keep in memory. A deque's
        # append needs no lock.
        self._pending.append((*[raw[kind].tobytes() for kind in self._kinds], decoded.tobytes()))
        self._n_pending += n_rows
        if self._n_pending >= PENDING_ROWS:
            self._count_pending()

    def counts(self) -> NDArray[np.float64]:
        """Return the rows in each bin, as float64 of shape (n_bins,): the bins of all `counters`, in order."""
        self._count_pending()
        return self._counts

    def _count_pending(self) -> None:
        with self._lock:
            self._n_pending = 0  # not exact: another thread may be adding to it
            batches = [self._pending.popleft() for _ in range(len(self._pending))]
            if batches:
                copies = zip(zip(*batches, strict=True), self._forms, strict=True)
                self._count(
                    [np.frombuffer(b"".join(parts), dtype).reshape(-1, *shape) for parts, (dtype, shape) in copies]
                )

    def _count(self, arrays: Sequence[NDArray[Any]]) -> None:
        *summaries, decoded = arrays
        by_kind = dict(zip(self._kinds, summaries, strict=True))
        feature_counts = [
            monitored.counter.count(by_kind[monitored.kind][:, monitored.index]) for monitored in self.features
        ]
        batch_counts = np.concatenate([*feature_counts, self.score.count(decoded)])
        self._counts = self._counts * 0.5 ** (len(decoded) / HALF_LIFE_ROWS) + batch_counts


def _monitored(manifest: Manifest, normalization: Normalization, reference: Reference) -> Iterator[MonitoredQuantity]:
    columns = raw_columns(manifest.features)
    unknown = reference.features.keys() - columns.keys()
    if unknown:
        raise BundleError(f"the reference must be of the manifest's features, found {sorted(unknown)}")
    for feature in manifest.features:
        if feature.name in reference.features:
            for quantity, bins in _bins(feature, reference.features[feature.name], normalization).items():
                yield MonitoredQuantity(feature.name, quantity, feature.kind, columns[feature.name], bins)


def _bins(feature: Feature, reference: FeatureReference, normalization: Normalization) -> Mapping[str, Bins]:
    if reference.kind != feature.kind:
        kinds = f"the reference of a {feature.kind}, found a {reference.kind}'s"
        raise BundleError(f"feature {feature.name!r} needs {kinds}")
    try:
        return bins_by_quantity(reference, normalization.features[feature.name])
    except ValueError as error:
        raise BundleError(f"the reference of feature {feature.name!r} does not fit its statistics: {error}") from error


def _score(manifest: Manifest, reference: Reference) -> ScoreBins:
    try:
        return ScoreBins(reference.score, manifest.task, manifest.labels)
    except ValueError as error:
        raise BundleError(f"the reference of the score does not fit the labels: {error}") from error
