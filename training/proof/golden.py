"""Golden rows: real rows with their expected answers, which a server must reproduce before it reports ready."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import Golden
from app.bundle.media import base64_files
from training.data.normalize import tensors_from_rows
from training.data.table import Table, evenly_spaced, take_rows
from training.evaluation.trained_model import TrainedModel

N_ROWS = 16
TOLERANCE = 1e-4
"""Tolerance of a probability or a standardized value: above any processor's rounding, below a wrong graph's error."""


def golden_rows(model: TrainedModel) -> Golden:
    """Return at most N_ROWS rows of the test split, evenly spaced and in a request's form, with their answers."""
    test, prepared = model.splits.test, model.prepared
    rows = _requests(model.table, test[evenly_spaced(len(test), N_ROWS)])
    target = prepared.normalization.target
    answers = model.answer(tensors_from_rows(rows, prepared.preprocessor))
    return Golden(
        rows=tuple(rows),
        expected=tuple(map(tuple, answers.tolist())),
        tolerance=TOLERANCE * (target.standard_deviation if target else 1),
    )


def _requests(table: Table, positions: NDArray[np.int64]) -> list[dict[str, Any]]:
    columns = take_rows(table.columns, positions)
    cells = {name: [request_cell(cell) for cell in column] for name, column in columns.items()}
    return [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]


def request_cell(cell: Any) -> Any:
    """Return a cell as a JSON request would hold it."""
    if isinstance(cell, np.ndarray):
        return cell.tolist()
    if isinstance(cell, float):
        return None if np.isnan(cell) else float(cell)
    return base64_files.encode(cell) if isinstance(cell, bytes) else cell
