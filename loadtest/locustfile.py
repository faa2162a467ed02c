"""`locust -f loadtest/locustfile.py --host http://127.0.0.1:8000`: single rows, batches, and a share of bad bodies.

LOADTEST_MODEL names the model (by default the first that is served), LOADTEST_RATE the requests a second of each user
(10).
"""

import os
from functools import cache

import orjson
from locust import FastHttpUser, constant_throughput, task

from loadtest.rows import Requests, describe

SINGLE = "1 row"
_BATCH_ROWS = 32
_REFUSED = (400, 422)
_JSON = {"Content-Type": "application/json"}


@cache
def requests(host: str) -> Requests:
    """Return the requests for the service's model, which is looked up once and not once per user."""
    return Requests(describe(host, os.environ.get("LOADTEST_MODEL")))


class Caller(FastHttpUser):
    """A user who keeps a constant rate as long as answers come in time."""

    wait_time = constant_throughput(float(os.environ.get("LOADTEST_RATE", "10")))

    @task(90)
    def single(self) -> None:
        """Send one row, as most callers do."""
        self._predict(SINGLE, 1)

    @task(8)
    def batch(self) -> None:
        """Send a page of rows."""
        self._predict(f"{_BATCH_ROWS} rows", _BATCH_ROWS)

    @task(2)
    def bad(self) -> None:
        """Send a bad body, which must be refused without disturbing other requests."""
        made = requests(self.host)
        with self.client.post(
            made.path, data=made.bad(), headers=_JSON, name="bad body", catch_response=True
        ) as response:
            if response.status_code in _REFUSED:
                response.success()
            else:
                response.failure(f"a bad body must be refused with 400 or 422, received {response.status_code}")

    def _predict(self, name: str, n_rows: int) -> None:
        made = requests(self.host)
        with self.client.post(
            made.path, data=made.good(n_rows), headers=_JSON, name=name, catch_response=True
        ) as response:
            if response.status_code != 200:
                response.failure(f"a good body must be answered with 200, received {response.status_code}")
            elif len(orjson.loads(response.content)["predictions"]) != n_rows:
                response.failure(f"{n_rows} rows must have as many answers")
