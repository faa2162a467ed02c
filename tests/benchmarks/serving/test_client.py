import dataclasses

import pytest

from benchmarks.serving.client import check, supports
from benchmarks.serving.loads import ARROW, json_load


def test_the_service_answers_as_the_reference_without_onnxruntime_computes(bench_url: str) -> None:
    check(bench_url, json_load(1, 8), constant=False)
    check(bench_url, json_load(128, 2), constant=False)


def test_an_answer_of_other_rows_is_found(bench_url: str) -> None:
    load = json_load(1, 2)
    swapped = dataclasses.replace(load, expected=load.expected[::-1])
    with pytest.raises(RuntimeError, match="body 0"):
        check(bench_url, swapped, constant=False)


def test_a_server_that_cannot_read_a_format_is_not_asked_for_it(bench_url: str) -> None:
    assert supports(bench_url, json_load(1, 1))
    assert not supports(bench_url, dataclasses.replace(json_load(1, 1), content_type="application/x-unheard-of"))


def test_a_failure_is_not_taken_for_an_unknown_format(bench_url: str) -> None:
    with pytest.raises(RuntimeError, match="received 404"):
        supports(bench_url.replace("/predict", "/nothing"), dataclasses.replace(json_load(1, 1), content_type=ARROW))
