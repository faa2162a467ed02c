import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest

from app.codecs import arrow_messages
from app.errors import MalformedBody
from app.settings import Settings
from tests import bundles
from tests.app.codecs import forms
from tests.app.codecs.forms import ARROW
from tests.server import running

ROWS = bundles.ROWS


def post(client: httpx.Client, body: Any, accept: str = "application/json", path: str = "/predict") -> httpx.Response:
    return client.post(path, content=body, headers={"Content-Type": ARROW, "Accept": accept})


def expected(client: httpx.Client, instances: list[dict[str, Any]]) -> Any:
    return client.post("/predict", json={"instances": instances}).json()


def problems(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 422
    found: list[dict[str, Any]] = response.json()["problems"]
    return found


def damaged(position: int, value: int) -> bytes:
    body = bytearray(forms.as_arrow(ROWS))
    body[position] = value
    return bytes(body)


@pytest.mark.parametrize("accept", ["application/json", ARROW, "text/csv"])
def test_a_stream_in_parts_is_answered_as_a_whole_one(client: httpx.Client, accept: str) -> None:
    body = forms.stream(forms.batch(ROWS[:2]), forms.batch(ROWS[2:]))
    parts = (body[i : i + 7] for i in range(0, len(body), 7))
    assert read(post(client, body, accept), accept) == read(post(client, parts, accept), accept)


def read(response: httpx.Response, accept: str) -> Any:
    """An answer without where its batches begin."""
    assert response.status_code == 200
    return pa.ipc.open_stream(response.content).read_all().to_pydict() if accept == ARROW else response.content


def test_many_record_batches_are_answered_in_order(client: httpx.Client) -> None:
    rows = [{**ROWS[0], "age": float(age)} for age in range(100)]
    found = post(client, forms.stream(*(forms.batch(rows[i : i + 3]) for i in range(0, 100, 3)))).json()
    for prediction, other in zip(found["predictions"], expected(client, rows)["predictions"], strict=True):
        assert prediction["probability"] == pytest.approx(other["probability"], abs=1e-6)


@pytest.mark.parametrize(
    "types",
    [
        {"age": pa.int8(), "income": pa.float32()},
        {"age": pa.uint64(), "home": pa.large_string()},
        {"age": pa.float16(), "home": pa.dictionary(pa.int8(), pa.string())},
        {"job title": pa.dictionary(pa.uint32(), pa.large_string())},
    ],
)
def test_columns_may_have_any_number_or_string_type(client: httpx.Client, types: dict[str, Any]) -> None:
    columns = forms.by_column(ROWS)
    batch = pa.RecordBatch.from_pydict({name: pa.array(cells, types.get(name)) for name, cells in columns.items()})
    assert post(client, forms.stream(batch)).json() == expected(client, ROWS)


def test_dictionaries_may_be_replaced_between_batches(client: httpx.Client) -> None:
    kind = pa.dictionary(pa.int8(), pa.string())
    batches = []
    for row in ROWS:
        columns = forms.by_column([row])
        batches.append(pa.RecordBatch.from_pydict(columns | {"home": pa.array(columns["home"], kind)}))
    schema = batches[0].schema
    batches = [batch.cast(schema) for batch in batches]
    found = post(client, forms.stream(*batches)).json()["predictions"]
    for prediction, other in zip(found, expected(client, ROWS)["predictions"], strict=True):
        assert prediction["probability"] == pytest.approx(other["probability"], abs=1e-6)


def test_warnings_show_the_value_sent(client: httpx.Client) -> None:
    rows = [*ROWS, {**ROWS[0], "home": "castle", "income": 1e6}]
    assert post(client, forms.as_arrow(rows)).json() == expected(client, rows)
    assert "'castle'" in post(client, forms.as_arrow(rows)).text


def test_an_instance_is_counted_from_the_streams_start(client: httpx.Client) -> None:
    bad = {**ROWS[0], "age": -1.0}
    (found,) = problems(post(client, forms.stream(*(forms.batch([row]) for row in [ROWS[0], ROWS[0], bad]))))
    assert found == {"instance": 2, "feature": "age", "rule": "must be at least 0", "value": "-1.0"}


def test_nan_that_is_not_null_is_refused(client: httpx.Client) -> None:
    columns = forms.by_column(ROWS) | {"income": pa.array([1.0, float("nan"), None], from_pandas=False)}
    (found,) = problems(post(client, forms.stream(pa.RecordBatch.from_pydict(columns))))
    assert (found["instance"], found["feature"], found["rule"]) == (1, "income", "must be a finite number")


@pytest.mark.parametrize("kind", [pa.date32(), pa.list_(pa.int8()), pa.decimal128(5, 1), pa.binary()])
def test_types_that_are_no_number_and_no_string_are_refused_by_name(client: httpx.Client, kind: Any) -> None:
    batch = pa.RecordBatch.from_pydict(forms.by_column(ROWS) | {"income": pa.array([None] * 3, kind)})
    (found,) = problems(post(client, forms.stream(batch)))
    assert (found["feature"], found["value"]) == ("income", str(kind))


def test_a_stream_without_rows_holds_no_instance(client: httpx.Client) -> None:
    empty = forms.batch(ROWS).slice(0, 0)
    for body in (forms.stream(empty), forms.stream(schema=empty.schema)):
        (found,) = problems(post(client, body))
        assert found["rule"] == "must hold at least one instance"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "empty"),
        (b"{}", "ends within"),
        (b"ARROW1\0\0" * 9, "send the stream format"),
        (forms.as_arrow(ROWS)[:-20], "ends within"),
        (forms.as_arrow(ROWS) + b"x", "goes on after its end"),
        (forms.stream(forms.batch(ROWS), compression="zstd"), "must not be compressed"),
        (forms.stream(forms.batch(ROWS), compression="lz4"), "must not be compressed"),
        (forms.as_arrow(ROWS)[:-8] + forms.as_arrow(ROWS), "one schema"),
        (forms.stream(pa.RecordBatch.from_arrays([pa.array([1.0])] * 2, ["age", "age"])), "same name"),
    ],
)
def test_what_is_no_such_stream_is_malformed(client: httpx.Client, body: bytes, told: str) -> None:
    response = post(client, body)
    assert (response.status_code, response.json()["code"]) == (400, "malformed_body")
    assert told in response.json()["detail"]


def test_dictionaries_that_grow_by_deltas_are_refused(client: httpx.Client) -> None:
    batches = [with_homes(["rent"]), with_homes(["rent", "own"])]
    response = post(client, forms.stream(*batches, emit_dictionary_deltas=True))
    assert (response.status_code, response.json()["code"]) == (400, "malformed_body")
    assert "must not grow dictionaries" in response.json()["detail"]
    assert post(client, forms.stream(*batches)).status_code == 200


@pytest.fixture(scope="module")
def narrow(models: Path) -> Iterator[httpx.Client]:
    """A service whose record batches hold, with their dictionaries, at most 64 KiB."""
    with running(Settings(models_dir=models, max_body_bytes=64 * 1024)) as client:
        yield client


def test_dictionaries_of_any_number_may_follow_each_other(narrow: httpx.Client) -> None:
    batches = [with_homes([f"{number:02}{'x' * 10_000}"]) for number in range(40)]
    response = post(narrow, forms.stream(*batches))
    assert response.status_code == 200
    assert len(response.json()["predictions"]) == 40


def test_a_dictionary_and_the_one_that_it_replaces_stay_within_the_limit_together(narrow: httpx.Client) -> None:
    sizes = [1000 * 2**power for power in range(6)]  # the last two are 48 kB
    batches = [with_homes(["x" * size]) for size in sizes]
    assert post(narrow, forms.stream(*batches)).status_code == 200
    response = post(narrow, forms.stream(*batches, with_homes(["x" * 64_000])))
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert "with its dictionaries, is at most 65536 bytes" in response.json()["detail"]


def test_many_dictionaries_stay_within_the_limit_together(narrow: httpx.Client) -> None:
    def many(count: int) -> bytes:
        home = pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), ["x" * 4000])
        return forms.stream(pa.RecordBatch.from_arrays([home] * count, [f"column {number}" for number in range(count)]))

    assert {problem["rule"] for problem in problems(post(narrow, many(4)))} >= {"is unknown to the model"}
    response = post(narrow, many(20))
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_a_dictionary_that_no_record_batch_has_used_is_not_replaced(narrow: httpx.Client) -> None:
    """Arrow keeps what it has not used, however many of them come."""
    whole = forms.stream(with_homes(["x" * 10_000]))
    schema, dictionary, records = (message.content for message in arrow_messages.Splitter(len(whole)).feed(whole))
    assert post(narrow, schema + (dictionary + records) * 100).status_code == 200
    response = post(narrow, schema + dictionary * 2 + records)
    assert (response.status_code, response.json()["code"]) == (400, "malformed_body")


def with_homes(homes: list[str]) -> Any:
    """One row, whose home is the last in a dictionary of these."""
    codes = pa.array([len(homes) - 1], pa.int8())
    columns = {name: pa.array([value]) for name, value in ROWS[0].items()}
    return pa.RecordBatch.from_pydict(columns | {"home": pa.DictionaryArray.from_arrays(codes, homes)})


def test_damage_is_told_and_harms_nothing(client: httpx.Client) -> None:
    size = len(forms.as_arrow(ROWS))
    random = np.random.default_rng(0)
    for position in random.integers(0, size, 300):
        assert post(client, damaged(int(position), int(random.integers(256)))).status_code in (200, 400, 413, 422)
    assert post(client, forms.as_arrow(ROWS)).json() == expected(client, ROWS)


def test_rows_that_take_no_bytes_are_counted_before_they_take_memory(client: httpx.Client) -> None:
    body = forms.stream(pa.RecordBatch.from_arrays([pa.nulls(2**30)], ["income"]))
    assert len(body) < 500
    response = post(client, body)
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_limits_hold_for_a_record_batch_and_for_the_rows_of_a_stream(models: Path) -> None:
    small = forms.batch(ROWS)
    with running(Settings(models_dir=models, max_body_bytes=8192, max_stream_rows=300)) as client:
        assert post(client, forms.stream(*[small] * 100)).status_code == 200
        too_many = post(client, forms.stream(*[small] * 101))
        too_large = post(client, forms.as_arrow(ROWS * 100))
    assert (too_many.status_code, too_large.status_code) == (413, 413)
    assert "300 rows" in too_many.json()["detail"]
    assert "smaller batches" in too_large.json()["detail"]


def test_a_regression_answers_one_column(many: httpx.Client) -> None:
    table = pa.ipc.open_stream(post(many, forms.as_arrow(ROWS), ARROW, "/models/price/predict").content).read_all()
    assert table.schema == pa.schema([("prediction", pa.float64())])


def test_a_classification_answers_labels_and_their_probabilities(client: httpx.Client) -> None:
    response = post(client, forms.as_arrow(ROWS), ARROW)
    assert response.headers["content-type"] == ARROW
    table = pa.ipc.open_stream(response.content).read_all()
    assert table.schema.names == ["prediction", "p_good", "p_bad"]
    predictions = expected(client, ROWS)["predictions"]
    assert table["prediction"].to_pylist() == [prediction["label"] for prediction in predictions]
    assert table["p_bad"].to_pylist() == [prediction["probabilities"]["bad"] for prediction in predictions]


def test_a_long_answer_is_that_of_its_rows(client: httpx.Client) -> None:
    """One that no longer fits the memory set aside for it."""
    rows = [{**ROWS[0], "age": float(age % 100)} for age in range(40_000)]
    body = forms.stream(*(forms.batch(rows[i : i + 5000]) for i in range(0, len(rows), 5000)))
    content = json.loads(post(client, body).content)
    ages = [prediction["probability"] for prediction in content["predictions"]]
    assert len(ages) == 40_000
    np.testing.assert_allclose(ages, ages[:100] * 400, atol=1e-6)
    assert content["model"] == {"name": "credit", "version": 1}


def test_numbers_of_the_other_byte_order_are_refused() -> None:
    """A schema's first field tells it, and is absent where it is the usual one: here it borrows its second's place."""
    head = bytearray(forms.batch(ROWS).schema.serialize().to_pybytes()[8:])
    schema = arrow_messages._reference(bytes(head), arrow_messages._indirect(bytes(head), 0), 2)
    assert schema is not None
    vtable = schema - int.from_bytes(head[schema : schema + 4], "little", signed=True)
    head[vtable + 4 : vtable + 6] = head[vtable + 6 : vtable + 8]
    with pytest.raises(MalformedBody, match="little-endian"):
        arrow_messages._read_head(bytes(head))
