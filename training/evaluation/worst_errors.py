"""The worst errors: the test rows on which the model is most wrong, for a person to look into."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.outputs import decide
from training.data.table import Table
from training.formats import compact, shown

MAX_ROWS = 20


@dataclass(frozen=True, slots=True)
class WorstError:
    """A row of the data file (counted from 0, as messages count), and what was wrong about its answer.

    `actual` and `predicted` are as a reader sees them; `probability` is the actual label's, None for a value.
    `error` is the log loss, or predicted minus actual; `cells` are the features' (but a user's)
    names and cells, cut to a line.
    """

    row: int
    actual: str
    predicted: str
    probability: float | None
    error: float
    cells: tuple[tuple[str, str], ...]


def worst_errors(
    table: Table, test: NDArray[np.int64], answers: NDArray[np.float64], threshold: float, order: Sequence[str] = ()
) -> list[WorstError]:
    """At most MAX_ROWS rows that are answered wrongly, the largest log loss or absolute error first.

    `answers` are those to the rows of the test split; the features named in `order` come first among the cells.
    """
    truth = table.target[test]
    told = [one.name for one in table.features if one.kind != "user"]  # a report is read by more than should know them
    names = sorted(told, key=lambda name: order.index(name) if name in order else len(order))
    errors, wrong = _errors(truth, answers, threshold)
    ranked = np.argsort(-np.abs(errors), kind="stable")
    return [
        _describe(table, int(test[index]), answers[index], threshold, float(errors[index]), names)
        for index in ranked[wrong[ranked]][:MAX_ROWS]
    ]


def _errors(
    truth: NDArray[Any], answers: NDArray[np.float64], threshold: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The error of each row, and whether its answer is wrong at all."""
    if answers.shape[1] == 1:
        errors = answers[:, 0] - truth
        return errors, errors != 0
    given = answers[np.arange(len(truth)), truth]
    return -np.log(np.maximum(given, np.finfo(np.float64).tiny)), decide(answers, threshold) != truth


def _describe(
    table: Table, position: int, answer: NDArray[np.float64], threshold: float, error: float, names: Sequence[str]
) -> WorstError:
    actual = table.target[position]
    if table.labels is None:
        told, predicted, probability = compact(float(actual)), compact(float(answer[0])), None
    else:
        told, probability = table.labels[actual], float(answer[actual])
        predicted = table.labels[decide(answer[None], threshold)[0]]
    cells = tuple((name, shown(table.columns[name][position])) for name in names)
    return WorstError(int(table.row_ids[position]), told, predicted, probability, error, cells)
