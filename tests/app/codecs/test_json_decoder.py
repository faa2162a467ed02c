"""The fast decoder agrees with the plain schema on all that it accepts."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.bundle.normalization import Normalization
from app.codecs.json_decoder import JsonDecoder
from app.codecs.request_schema import RequestSchema
from app.errors import SlipwayError
from tests import bundles

SCHEMA = RequestSchema(bundles.manifest("credit", 1, "binary", {}), Normalization(features=bundles.STATISTICS), {})
DECODER = JsonDecoder(bundles.FEATURES, {})

numbers = st.one_of(
    st.floats(-1e3, 1e3),
    st.integers(-5, 200),
    st.integers(-(10**25), 10**25),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1e308]),
)
texts = st.one_of(st.text(max_size=6), st.sampled_from(["a:b", '"', "\\", "\u2028", "é"]))
values = st.one_of(numbers, texts, st.none(), st.booleans(), st.lists(st.integers(), max_size=2))
good = st.fixed_dictionaries(
    {"age": st.floats(0, 130), "home": st.text(max_size=8)},
    optional={"income": st.one_of(st.none(), numbers), "job title": st.one_of(st.none(), st.text(max_size=8))},
)
names = st.sampled_from(["age", "income", "home", "job title", "other", "a:b"])
odd = st.dictionaries(names, values, max_size=6)
instances = st.lists(st.one_of(good, odd, values), max_size=4)


def validated(body: bytes) -> Any:
    """Return what the schema alone says: rows, or the error's words."""
    try:
        return SCHEMA._validate(body)
    except SlipwayError as error:
        return str(error), error.extensions()


def check(body: bytes) -> None:
    fast = DECODER.rows(body)
    if fast is not None:
        assert repr(fast) == repr(validated(body))


@given(rows=st.lists(good, min_size=1, max_size=5), compact=st.booleans())
@settings(max_examples=300, deadline=None)
def test_good_rows_are_read_alike(rows: list[dict[str, Any]], compact: bool) -> None:
    separators = (",", ":") if compact else (", ", ": ")
    check(json.dumps({"instances": rows}, separators=separators).encode())


@given(rows=instances, ascii_only=st.booleans())
@settings(max_examples=500, deadline=None)
def test_what_the_decoder_accepts_the_schema_accepts_alike(rows: list[Any], ascii_only: bool) -> None:
    check(json.dumps({"instances": rows}, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"))


@given(rows=st.lists(good, min_size=1, max_size=2), position=st.integers(0, 400), byte=st.integers(0, 255))
@settings(max_examples=500, deadline=None)
def test_a_damaged_body_is_never_read_as_something_else(rows: list[Any], position: int, byte: int) -> None:
    body = bytearray(json.dumps({"instances": rows}).encode())
    body[position % len(body)] = byte
    check(bytes(body))


@pytest.mark.parametrize(
    "body",
    [
        b'{"instances": [{"age": 1, "home": "x"}]}',
        b'{"instances": [{"age": 1.5, "income": null, "home": "x", "job title": "y"}]}',
        b'{"instances": [{"age": 1, "home": "x"}, {"home": "y", "age": 130}]}',
    ],
)
def test_plain_bodies_take_the_fast_way(body: bytes) -> None:
    assert DECODER.rows(body) == validated(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"instances": [{"age": 1, "age": 2, "home": "x"}]}',
        b'{"instances": [{"age": 1, "home": "x"}], "instances": [{"age": 1, "home": "x"}]}',
        b'{"instances": [{"age": 1, "income": 1, "income": 2, "home": "x"}]}',
        b'{"instances": []}',
        b'{"instances": [{"age": 131, "home": "x"}]}',
        b'{"instances": [{"age": true, "home": "x"}]}',
        b'{"instances": [{"age": NaN, "home": "x"}]}',
        b'{"instances": [{"age": 1e999, "home": "x"}]}',
        b'{"instances": [{"age": 1, "home": "x", "other": 1}]}',
        b'{"instances": [{"age": 1, "home": "a:b"}]}',
    ],
)
def test_doubtful_bodies_are_left_to_the_schema(body: bytes) -> None:
    assert DECODER.rows(body) is None
