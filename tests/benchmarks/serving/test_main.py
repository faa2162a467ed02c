import shutil

import pytest

from benchmarks.serving.__main__ import measure
from benchmarks.serving.loads import cells
from benchmarks.serving.servers.catalog import catalog


@pytest.mark.skipif(shutil.which("wrk") is None, reason="needs wrk")
def test_a_run_measures_each_server_under_each_load() -> None:
    servers = catalog()
    row = cells()[1]
    limit, asgi = measure([servers["limit"], servers["asgi"]], [row], workers=1, rounds=1, seconds=1)
    assert (limit.server, asgi.server) == ("limit", "asgi")
    assert asgi.cpu_us > limit.cpu_us > 1
    assert asgi.p99_us >= asgi.p50_us > 0
    assert 0 <= asgi.elsewhere <= 1
    assert asgi.rss_mb > 20
