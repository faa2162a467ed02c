"""The worst errors: the test rows on which the model is most wrong, for a person to look into."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.outputs import decide
from app.bundle.transforms import TRANSFORMS
from training.data.table import Table
from training.formats import compact, shown

MAX_ROWS = 20


@dataclass(frozen=True, slots=True)
class WorstError:
    """A wrong answer and its row in the data file, counted from 0.

    `actual` and `predicted` are formatted for a reader. `probability` is the actual label's, None for a regression.
    `error` is the log loss, or predicted minus actual. `cells` holds (name, formatted cell) of the features other
    than the user.
    """

    row: int
    actual: str
    predicted: str
    probability: float | None
    error: float
    cells: tuple[tuple[str, str], ...]


def find_worst_errors(
    table: Table, test: NDArray[np.int64], answers: NDArray[np.float64], threshold: float, order: Sequence[str] = ()
) -> list[WorstError]:
    """Return at most MAX_ROWS wrong answers, the largest log loss or absolute error first.

    `answers` are those to the rows of the test split; the features named in `order` come first among the cells.
    """
    truth = table.target[test]
    # A report has readers who should not learn who people are.
    features = [feature.name for feature in table.features if not TRANSFORMS[feature.kind].identifies_people]
    names = sorted(features, key=lambda name: order.index(name) if name in order else len(order))
    errors, wrong = _errors(truth, answers, threshold)
    ranked = np.argsort(-np.abs(errors), kind="stable")
    return [
        _describe(table, int(test[index]), answers[index], threshold, float(errors[index]), names)
        for index in ranked[wrong[ranked]][:MAX_ROWS]
    ]


def _errors(
    truth: NDArray[Any], answers: NDArray[np.float64], threshold: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return each row's error and whether its answer is wrong, both of shape (n_rows,)."""
    if answers.shape[1] == 1:
        errors = answers[:, 0] - truth
        return errors, errors != 0
    of_truth = answers[np.arange(len(truth)), truth]
    return -np.log(np.maximum(of_truth, np.finfo(np.float64).tiny)), decide(answers, threshold) != truth


def _describe(
    table: Table, position: int, answer: NDArray[np.float64], threshold: float, error: float, names: Sequence[str]
) -> WorstError:
    target = table.target[position]
    if table.labels is None:
        actual, predicted, probability = compact(float(target)), compact(float(answer[0])), None
    else:
        actual, probability = table.labels[target], float(answer[target])
        predicted = table.labels[decide(answer[None], threshold)[0]]
    cells = tuple((name, shown(table.columns[name][position])) for name in names)
    return WorstError(int(table.row_ids[position]), actual, predicted, probability, error, cells)
