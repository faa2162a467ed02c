"""The verdict on a model: its exported graph's answers, evaluated on each split that it was not fitted on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.bundle.outputs import decode
from training.dataset import Splits, Table
from training.evaluate import Evaluation, baseline, evaluate
from training.prepare import Examples, Prepared
from training.runtime import Graph

BATCH_SIZE = 4096


@dataclass(frozen=True, slots=True)
class Verdict:
    """Evaluations on the validation and the test split; `baseline` is what knowing the train target alone is worth."""

    validation: Evaluation
    test: Evaluation
    baseline: Evaluation


def judge(table: Table, splits: Splits, prepared: Prepared, graph: Graph) -> Verdict:
    """Evaluate the graph itself, since it is what will answer."""
    constant = baseline(table.task, table.target[splits.train], len(table.labels or ()), len(splits.test))

    def verdict(rows: NDArray[np.int64], predictions: NDArray[np.float64]) -> Evaluation:
        return evaluate(table.task, table.labels, table.target[rows], predictions)

    def answers(examples: Examples) -> NDArray[np.float64]:
        return decode(table.task, graph.run(examples.tensors, BATCH_SIZE), prepared.normalization.target)

    return Verdict(
        validation=verdict(splits.validation, answers(prepared.validation)),
        test=verdict(splits.test, answers(prepared.test)),
        baseline=verdict(splits.test, constant),
    )
