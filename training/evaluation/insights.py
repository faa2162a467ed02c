"""Insights into a model beyond its metrics: how certain they are, and where the model is right and wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from training.data.table import take_rows
from training.evaluation.importance import Importance
from training.evaluation.intervals import Estimate, bootstrap_intervals
from training.evaluation.metrics import HEADLINE
from training.evaluation.partial_dependence import PartialDependence, partial_dependences
from training.evaluation.segments import Segmentation, evaluate_segments
from training.evaluation.trained_model import TrainedModel
from training.evaluation.weighted_metrics import headline_metrics
from training.evaluation.worst_errors import WorstError, find_worst_errors


@dataclass(frozen=True, slots=True)
class Insights:
    """Insights into the exported graph's answers on the test split; partial dependence is of the validation split.

    `intervals` holds the headline metrics by name.
    """

    intervals: Mapping[str, Estimate] = field(default_factory=dict)
    partial_dependences: Sequence[PartialDependence] = ()
    worst_errors: Sequence[WorstError] = ()
    segmentations: Sequence[Segmentation] = ()


def compute_insights(model: TrainedModel, importances: Sequence[Importance], seed: int) -> Insights:
    """Return the insights into the answers that the service would give; the most important features come first."""
    table, test, answers = model.table, model.splits.test, model.test_answers
    truth, threshold = table.target[test], model.decision.threshold
    intervals = bootstrap_intervals(headline_metrics(table.task, truth, answers, threshold), len(truth), seed)
    order = [importance.feature for importance in importances]
    segments = take_rows(table.segments, test)
    return Insights(
        intervals={name: intervals[name] for name in HEADLINE[table.task] if name in intervals},
        partial_dependences=partial_dependences(model, importances),
        worst_errors=find_worst_errors(table, test, answers, threshold, order),
        segmentations=evaluate_segments(table.task, segments, truth, answers, threshold, seed),
    )
