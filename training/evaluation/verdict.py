"""The verdict on a model: its exported graph's answers, evaluated on each split that it was not fitted on."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.data.normalize import Prepared
from training.data.table import Splits, Table
from training.evaluation.decision import AS_IT_IS, Decision, answer
from training.evaluation.evaluate import Evaluation, baseline, evaluate
from training.evaluation.ndcg import ndcg
from training.export.runtime import Graph


@dataclass(frozen=True, slots=True)
class Verdict:
    """Evaluations on the validation and the test split; `baseline` is what knowing the train target alone is worth.

    `raw` holds those of the splits without calibration, where there is one.
    """

    validation: Evaluation
    test: Evaluation
    baseline: Evaluation
    raw: tuple[Evaluation, Evaluation] | None = None


def judge(table: Table, splits: Splits, prepared: Prepared, graph: Graph, decision: Decision) -> Verdict:
    """Evaluate the graph itself, since it is what will answer, by the decision."""
    constant = baseline(table.task, table.target[splits.train], len(table.labels or ()), len(splits.test))

    def verdict(rows: NDArray[np.int64], predictions: NDArray[np.float64]) -> Evaluation:
        found = evaluate(table.task, table.labels, table.target[rows], predictions, decision.threshold)
        return replace(found, metrics={**found.metrics, **_ranking(table, rows, predictions)})

    validation, test = (answer(graph, one.tensors, prepared, AS_IT_IS) for one in (prepared.validation, prepared.test))
    before = verdict(splits.validation, validation), verdict(splits.test, test)
    calibrate = decision.calibrate
    if calibrate:
        after = verdict(splits.validation, calibrate(validation)), verdict(splits.test, calibrate(test))
    unknowing = evaluate(table.task, table.labels, table.target[splits.test], constant)
    return Verdict(
        *(after if calibrate else before),
        baseline=replace(unknowing, metrics={**unknowing.metrics, **_ranking(table, splits.test, constant)}),
        raw=before if calibrate else None,
    )


def _ranking(table: Table, rows: NDArray[np.int64], predictions: NDArray[np.float64]) -> dict[str, float]:
    """Of the rows' users, where the table has users and one score to order their rows by."""
    user = next((one.name for one in table.features if one.kind == "user"), None)
    if user is None or table.task == "multiclass":
        return {}
    found = ndcg([table.columns[user][row] for row in rows], table.target[rows], predictions[:, -1])
    return {} if found is None else {"ndcg_at_10": found}
