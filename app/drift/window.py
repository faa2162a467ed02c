"""The rows of one model counted by bin, in a window of the most recent."""

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
"""Rows after which one counts half: a window by rows fills at any traffic, and needs no clock."""

PENDING_ROWS = 512
"""Rows that wait to be counted together: a pass over a column costs for one row what it costs for a hundred."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A quantity of a feature, the column of its kind's summary that the feature is, and the quantity's bins."""

    name: str
    quantity: str
    kind: str
    index: int
    counter: Bins


class Window:
    """Counts that halve with every HALF_LIFE_ROWS rows. Lives as long as its model; may be used from any thread.

    Raises BundleError where the reference does not fit the features and their statistics.
    """

    def __init__(
        self, manifest: Manifest, normalization: Normalization, reference: Reference, preprocessor: Preprocessor
    ) -> None:
        self.features = list(_watched(manifest, normalization, reference))
        self.score = _score(manifest, reference)
        self._kinds = list(dict.fromkeys(one.kind for one in self.features))
        self._summaries = {
            kind: preprocessor.transforms[kind].summary
            for kind in self._kinds
            if TRANSFORMS[kind].distribution.is_summarized
        }
        self._counts: NDArray[np.float64] = np.zeros(sum(len(one.bins) for one in self.counters))
        self._pending: deque[tuple[bytes, ...]] = deque()
        self._n_pending = 0
        self._forms: list[tuple[np.dtype[Any], tuple[int, ...]]] = []
        self._lock = Lock()

    @property
    def counters(self) -> list[Bins]:
        """Of all that is watched of the features, in order, then of the score."""
        return [*(one.counter for one in self.features), self.score]

    def add(self, raw: Raw, decoded: NDArray[np.float64]) -> None:
        """Count a batch: its raw arrays of n_rows rows, and the decoded answers to them."""
        n_rows = len(decoded)
        if self._summaries:
            raw = raw | {kind: summary(raw[kind]) for kind, summary in self._summaries.items()}
        if n_rows >= PENDING_ROWS:
            with self._lock:
                self._count([*[raw[kind] for kind in self._kinds], decoded])
            return
        if not self._forms:
            self._forms = [(one.dtype, one.shape[1:]) for one in (*[raw[kind] for kind in self._kinds], decoded)]
        # Copied, since a batch may be a few rows of a body of megabytes, which must not live on; a deque needs no lock.
        self._pending.append((*[raw[kind].tobytes() for kind in self._kinds], decoded.tobytes()))
        self._n_pending += n_rows
        if self._n_pending >= PENDING_ROWS:
            self._count_pending()

    def counts(self) -> NDArray[np.float64]:
        """Rows of the window by bin, the bins of all `counters` in order."""
        self._count_pending()
        return self._counts

    def _count_pending(self) -> None:
        with self._lock:
            self._n_pending = 0  # only a hint: another thread may be adding to it
            batches = [self._pending.popleft() for _ in range(len(self._pending))]
            if batches:
                copies = zip(zip(*batches, strict=True), self._forms, strict=True)
                self._count([np.frombuffer(b"".join(one), dtype).reshape(-1, *shape) for one, (dtype, shape) in copies])

    def _count(self, arrays: Sequence[NDArray[Any]]) -> None:
        *summaries, decoded = arrays
        by_kind = dict(zip(self._kinds, summaries, strict=True))
        counted = [one.counter.count(by_kind[one.kind][:, one.index]) for one in self.features]
        fresh = np.concatenate([*counted, self.score.count(decoded)])
        self._counts = self._counts * 0.5 ** (len(decoded) / HALF_LIFE_ROWS) + fresh


def _watched(manifest: Manifest, normalization: Normalization, reference: Reference) -> Iterator[Watched]:
    columns = raw_columns(manifest.features)
    strange = reference.features.keys() - columns.keys()
    if strange:
        raise BundleError(f"the reference must be of the manifest's features, found {sorted(strange)}")
    for one in manifest.features:
        if one.name in reference.features:
            for quantity, bins in _bins(one, reference.features[one.name], normalization).items():
                yield Watched(one.name, quantity, one.kind, columns[one.name], bins)


def _bins(feature: Feature, held: FeatureReference, normalization: Normalization) -> Mapping[str, Bins]:
    if held.kind != feature.kind:
        raise BundleError(f"feature {feature.name!r} needs the reference of a {feature.kind}, found a {held.kind}'s")
    try:
        return bins_by_quantity(held, normalization.features[feature.name])
    except ValueError as error:
        raise BundleError(f"the reference of feature {feature.name!r} does not fit its statistics: {error}") from error


def _score(manifest: Manifest, reference: Reference) -> ScoreBins:
    try:
        return ScoreBins(reference.score, manifest.task, manifest.labels)
    except ValueError as error:
        raise BundleError(f"the reference of the score does not fit the labels: {error}") from error
