"""Request bodies with known answers: one row or 128, in each format."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from benchmarks.serving import bundle
from benchmarks.serving.contract import FEATURES, LABELS

TOLERANCE = 1e-5
JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"


@dataclass(frozen=True)
class Load:
    """Bodies of `rows` rows each, and the second label's probability of every row of each body."""

    name: str
    rows: int
    content_type: str
    bodies: tuple[bytes, ...]
    expected: tuple[NDArray[np.float64], ...]

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of a request, which asks for an answer in the same format."""
        return {"Content-Type": self.content_type, "Accept": self.content_type}


@dataclass(frozen=True)
class Cell:
    """A load at a number of connections."""

    load: Load
    connections: int

    @property
    def name(self) -> str:
        """Return the name in the table of results."""
        return f"{self.load.name} · {self.connections} conn."


def cells() -> list[Cell]:
    """Return all loads and numbers of connections to measure."""
    row = _load("1 row", 1, 64, JSON, _json_rows)
    batches = [
        _load("128 rows, JSON", 128, 8, JSON, _json_rows),
        _load("128 rows, JSON columns", 128, 8, JSON, _json_columns),
        _load("128 rows, Arrow", 128, 8, ARROW, _arrow),
    ]
    return [*(Cell(row, connections) for connections in (1, 16, 64, 256)), *(Cell(load, 8) for load in batches)]


def json_load(n_rows: int, n_bodies: int, seed: int = 0) -> Load:
    """Return a load of JSON objects with so many rows per body."""
    return _load(f"{n_rows} rows", n_rows, n_bodies, JSON, _json_rows, seed)


def arrow_load(n_rows: int, n_bodies: int) -> Load:
    """Return a load of Arrow streams with so many rows per body."""
    return _load(f"{n_rows} rows, Arrow", n_rows, n_bodies, ARROW, _arrow)


def received(content_type: str, body: bytes) -> NDArray[np.float64]:
    """Return the second label's probability of every row of an answer; raise ValueError if it cannot be parsed."""
    if content_type.startswith(ARROW):
        return pl.read_ipc_stream(io.BytesIO(body))[f"p_{LABELS[1]}"].to_numpy()
    predictions = orjson.loads(body)["predictions"]
    return np.array([prediction["probabilities"][LABELS[1]] for prediction in predictions])


def holds(expected: NDArray[np.float64], answer: NDArray[np.float64]) -> bool:
    """Return whether every row has its expected answer, within the tolerance."""
    return answer.shape == expected.shape and bool(np.abs(answer - expected).max() <= TOLERANCE)


def _load(name: str, n_rows: int, n_bodies: int, content_type: str, encode: Any, seed: int = 0) -> Load:
    parts = np.split(bundle.random_rows(n_rows * n_bodies, seed), n_bodies)
    return Load(
        name, n_rows, content_type, tuple(map(encode, parts)), tuple(bundle.probabilities(part) for part in parts)
    )


def _json_rows(rows: NDArray[np.float64]) -> bytes:
    return orjson.dumps({"instances": bundle.as_objects(rows)})


def _json_columns(rows: NDArray[np.float64]) -> bytes:
    return orjson.dumps({"columns": dict(zip(FEATURES, rows.T.tolist(), strict=True))})


def _arrow(rows: NDArray[np.float64]) -> bytes:
    stream = io.BytesIO()
    pl.DataFrame(dict(zip(FEATURES, rows.T, strict=True))).write_ipc_stream(stream)
    return stream.getvalue()
