"""The verdict on a model: its exported graph evaluated on each split that it was not fitted to.

Tests: tests/training/publishing/test_publish.py (before and after calibration), tests/training/test_recommend.py
(NDCG@10)
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.data.table import Table
from training.evaluation.evaluate import Evaluation, baseline_predictions, evaluate_predictions
from training.evaluation.ndcg import mean_ndcg
from training.evaluation.trained_model import TrainedModel


@dataclass(frozen=True, slots=True)
class Verdict:
    """Evaluations on the validation and the test split, and of the baseline on the test split.

    `uncalibrated` holds the evaluations of (validation, test) before calibration, None where there is none.
    """

    validation: Evaluation
    test: Evaluation
    baseline: Evaluation
    uncalibrated: tuple[Evaluation, Evaluation] | None = None


def evaluate_model(model: TrainedModel) -> Verdict:
    """Evaluate the exported graph, since it is what will be served, with its decision."""
    table, splits, threshold = model.table, model.splits, model.decision.threshold

    def evaluation(rows: NDArray[np.int64], answers: NDArray[np.float64], threshold: float) -> Evaluation:
        result = evaluate_predictions(table.task, table.labels, table.target[rows], answers, threshold)
        return replace(result, metrics={**result.metrics, **_ranking(table, rows, answers)})

    constant = baseline_predictions(table.task, table.target[splits.train], len(table.labels or ()), len(splits.test))
    uncalibrated = None
    if model.decision.calibrate:
        uncalibrated = (
            evaluation(splits.validation, model.uncalibrated_validation_answers, threshold),
            evaluation(splits.test, model.uncalibrated_test_answers, threshold),
        )
    return Verdict(
        validation=evaluation(splits.validation, model.validation_answers, threshold),
        test=evaluation(splits.test, model.test_answers, threshold),
        baseline=evaluation(splits.test, constant, threshold=0.5),
        uncalibrated=uncalibrated,
    )


def _ranking(table: Table, rows: NDArray[np.int64], answers: NDArray[np.float64]) -> dict[str, float]:
    """Return the ranking metric of each user's rows, where the table has users and answers with one score per row."""
    user = next((feature.name for feature in table.features if feature.kind == "user"), None)
    if user is None or table.task == "multiclass":
        return {}
    score = mean_ndcg([table.columns[user][row] for row in rows], table.target[rows], answers[:, -1])
    return {} if score is None else {"ndcg_at_10": score}
