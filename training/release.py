"""A release: everything that a training run made of a version, for publishing to write and the report to tell.

Tests: tests/training/publishing/test_publish.py, tests/training/report/test_report.py
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.bundle.catalogue import Catalogue
from app.bundle.manifest import Golden, ParityCertificate, Provenance, ReducedPrecision
from app.bundle.reference import Reference
from training.data.folds import CrossValidation
from training.evaluation.importance import Importance
from training.evaluation.insights import Insights
from training.evaluation.trained_model import TrainedModel
from training.evaluation.verdict import Verdict
from training.explanation.proven import ProvenExplanation
from training.export.variants import ProvenVariant
from training.search.result import SearchResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A version of a model but for its number.

    `history` holds one list per metric with one entry per epoch, as Keras gives it (`loss`, `val_loss`, …), and
    `best_epoch` counts from 1. `reference` is what drift is measured against.
    """

    name: str
    model: TrainedModel
    history: Mapping[str, Sequence[float]]
    best_epoch: int
    golden: Golden
    reference: Reference
    parity: ParityCertificate
    verdict: Verdict
    provenance: Provenance
    importances: Sequence[Importance] = ()
    insights: Insights = field(default_factory=Insights)
    search: SearchResult | None = None
    cross_validation: CrossValidation | None = None
    variants: Mapping[ReducedPrecision, ProvenVariant] = field(default_factory=dict)
    explanation: ProvenExplanation | None = None
    catalogue: Catalogue | None = None
