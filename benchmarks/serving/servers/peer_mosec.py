"""mosec: an HTTP front in Rust, orjson, and batches across requests."""

import os
from typing import Any

import numpy as np
import orjson
from mosec import Server, Worker

from benchmarks.serving.contract import answer
from benchmarks.serving.servers.common import matrix, run, session

_MAX_BATCH, _MAX_WAIT_MS = 32, 2


class Predictor(Worker):
    """A process of the pool, which gets a list of requests as a batch."""

    def __init__(self) -> None:
        self._session = session()

    def deserialize(self, data: bytes) -> Any:
        """Parse with orjson in place of mosec's json."""
        return matrix(orjson.loads(data)["instances"])

    def serialize(self, data: Any) -> bytes:
        """Encode with orjson in place of mosec's json."""
        return orjson.dumps(data)

    def forward(self, data: list[Any]) -> list[Any]:
        """Predict the rows of all requests in one run."""
        values = run(self._session, np.concatenate(data))
        ends = np.cumsum([len(rows) for rows in data]).tolist()
        return [answer(values[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


if __name__ == "__main__":
    server = Server()
    server.append_worker(
        Predictor,
        num=int(os.environ["BENCH_WORKERS"]),
        max_batch_size=_MAX_BATCH,
        max_wait_time=_MAX_WAIT_MS,
        route="/predict",
    )
    server.run()
