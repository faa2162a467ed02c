import pytest

from benchmarks.serving import wrk

PRINTED = """Running 1s test @ http://127.0.0.1:1/predict
  1 threads and 1 connections
Requests/sec:   4000.00
{"requests":4000,"microseconds":1000000,"p50_us":240.0,"p99_us":900.5,"bad_statuses":0,"socket_errors":2}
"""


def test_the_report_is_found_in_what_wrk_prints() -> None:
    report = wrk.parse(PRINTED)
    assert report.requests_per_second == 4000
    assert (report.p50_us, report.p99_us, report.socket_errors) == (240.0, 900.5, 2)


def test_output_without_a_report_is_an_error() -> None:
    with pytest.raises(ValueError, match="must print a report"):
        wrk.parse("unable to connect")


def test_the_way_to_install_wrk_is_said_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RuntimeError, match="apt-get install wrk"):
        wrk.require()
