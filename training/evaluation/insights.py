"""What explains a model to a person: beside its metrics, how sure they are and where it is right and wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from training.data.normalize import Prepared
from training.data.table import Splits, Table, take
from training.evaluation.decision import Decision, answer
from training.evaluation.importance import Importance
from training.evaluation.intervals import Estimate, bootstrap
from training.evaluation.metrics import HEADLINE
from training.evaluation.partial_dependence import Dependence, dependences
from training.evaluation.segments import Segmentation, segment
from training.evaluation.weighted_metrics import headline
from training.evaluation.worst_errors import WorstError, worst_errors
from training.export.runtime import Graph


@dataclass(frozen=True, slots=True)
class Insights:
    """Of the exported graph on the test split; `dependences` are of the validation split."""

    intervals: Mapping[str, Estimate] = field(default_factory=dict)
    dependences: Sequence[Dependence] = ()
    worst: Sequence[WorstError] = ()
    segmentations: Sequence[Segmentation] = ()


def insights(
    table: Table,
    splits: Splits,
    prepared: Prepared,
    graph: Graph,
    decision: Decision,
    importances: Sequence[Importance],
    seed: int,
) -> Insights:
    """All of them, by the answers that the service would give."""
    answers = answer(graph, prepared.test.tensors, prepared, decision)
    truth, threshold = table.target[splits.test], decision.threshold
    intervals = bootstrap(headline(table.task, truth, answers, threshold), len(truth), seed)
    order = [one.feature for one in importances]
    return Insights(
        intervals={name: intervals[name] for name in HEADLINE[table.task] if name in intervals},
        dependences=dependences(table, splits, prepared, graph, decision, importances),
        worst=worst_errors(table, splits.test, answers, threshold, order),
        segmentations=segment(table.task, take(table.segments, splits.test), truth, answers, threshold, seed),
    )
