"""What explains a model to a person: beside its metrics, how sure they are and where it is right and wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from training.data.table import take
from training.evaluation.importance import Importance
from training.evaluation.intervals import Estimate, bootstrap
from training.evaluation.metrics import HEADLINE
from training.evaluation.partial_dependence import Dependence, partial_dependences
from training.evaluation.segments import Segmentation, segment
from training.evaluation.trained_model import TrainedModel
from training.evaluation.weighted_metrics import headline
from training.evaluation.worst_errors import WorstError, worst_errors


@dataclass(frozen=True, slots=True)
class Insights:
    """Of the exported graph on the test split; `dependences` are of the validation split."""

    intervals: Mapping[str, Estimate] = field(default_factory=dict)
    dependences: Sequence[Dependence] = ()
    worst: Sequence[WorstError] = ()
    segmentations: Sequence[Segmentation] = ()


def compute_insights(model: TrainedModel, importances: Sequence[Importance], seed: int) -> Insights:
    """Return the insights by the answers that the service would give."""
    table, test, answers = model.table, model.splits.test, model.test_answers
    truth, threshold = table.target[test], model.decision.threshold
    intervals = bootstrap(headline(table.task, truth, answers, threshold), len(truth), seed)
    order = [one.feature for one in importances]
    return Insights(
        intervals={name: intervals[name] for name in HEADLINE[table.task] if name in intervals},
        dependences=partial_dependences(model, importances),
        worst=worst_errors(table, test, answers, threshold, order),
        segmentations=segment(table.task, take(table.segments, test), truth, answers, threshold, seed),
    )
