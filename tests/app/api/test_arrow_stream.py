"""One million rows in one stream, in bounded memory."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.app.codecs.forms import ARROW
from tests.server import spawned, wait_until

N_BATCHES, BATCH_ROWS = 100, 10_000
MEBIBYTE = 2**20


def parts(n_batches: int) -> Iterator[bytes]:
    """A stream, a record batch at a time."""
    ages = np.tile(np.arange(100.0), BATCH_ROWS // 100)
    batch = pa.RecordBatch.from_pydict(
        {"age": ages, "income": ages * 10, "home": ["rent"] * BATCH_ROWS, "job title": ["clerk"] * BATCH_ROWS}
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    whole = sink.getvalue().to_pybytes()
    head = len(batch.schema.serialize())
    yield whole[:head]
    for _ in range(n_batches):
        yield whole[head:-8]
    yield whole[-8:]


def peak(pid: int) -> float:
    """Largest resident memory so far in MiB."""
    line = next(text for text in Path(f"/proc/{pid}/status").read_text().splitlines() if text.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_million_rows_are_answered_in_bounded_memory(models: Path) -> None:
    with spawned(models) as (process, client):
        wait_until(lambda: client.get("/health/ready").status_code == 200)
        headers = {"Content-Type": ARROW, "Accept": ARROW}
        assert client.post("/predict", content=parts(2), headers=headers).status_code == 200
        before = peak(process.pid)
        response = client.post("/predict", content=parts(N_BATCHES), headers=headers, timeout=120)
        grown = peak(process.pid) - before
    assert response.status_code == 200
    table = pa.ipc.open_stream(response.content).read_all()
    assert table.num_rows == N_BATCHES * BATCH_ROWS
    probabilities = table["p_bad"].to_numpy().reshape(-1, 100)
    np.testing.assert_allclose(probabilities, np.broadcast_to(probabilities[0], probabilities.shape), atol=1e-6)
    assert len(response.content) > 20 * MEBIBYTE
    assert grown < 24, "MiB"
