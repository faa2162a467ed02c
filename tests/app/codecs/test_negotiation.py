import subprocess
import sys

import httpx
import pytest

from app.codecs.negotiation import request_codec, response_codec
from app.errors import NotAcceptable, UnsupportedMediaType
from tests import bundles
from tests.app.codecs.forms import ARROW


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/*", "text/csv"),
        ("TEXT/CSV; charset=utf-8", "text/csv"),
        ("text/csv, */*", "text/csv"),
        ("text/csv;q=0.5, */*;q=0.8", "application/json"),
        ("application/json;q=0, */*", "text/csv"),
        (f"text/html, {ARROW};q=0.1", ARROW),
        ("application/json;q=x, text/csv;q=0.1", "text/csv"),
    ],
)
def test_accept_chooses_the_answer(accept: str, expected: str) -> None:
    assert response_codec(accept).media_type == expected


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "*/*;q=0", "json"])
def test_an_accept_that_nobody_can_satisfy_is_refused(client: httpx.Client, accept: str) -> None:
    response = client.post("/predict", json={"instances": bundles.ROWS}, headers={"Accept": accept})
    assert (response.status_code, response.json()["code"]) == (406, "not_acceptable")
    assert response.headers["content-type"] == "application/problem+json"
    with pytest.raises(NotAcceptable):
        response_codec(accept)


@pytest.mark.parametrize("kind", ["", "text/html", "text/csv; charset=latin-1", "application/vnd.apache.arrow.file"])
def test_another_content_type_is_unsupported(kind: str) -> None:
    with pytest.raises(UnsupportedMediaType, match=r"text/csv.*received"):
        request_codec(kind)


def test_without_pyarrow_arrow_is_refused_with_the_reason() -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from app.errors import SlipwayError\n"
        "from app.codecs.negotiation import response_codec, request_codec\n"
        "for ask in (request_codec, response_codec):\n"
        "    try: ask('application/vnd.apache.arrow.stream')\n"
        "    except SlipwayError as error: print(error.status, error)\n"
        "print(response_codec('application/vnd.apache.arrow.stream, text/csv;q=0.5').media_type)"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    unread, unwritten, chosen = printed.splitlines()
    assert unread.startswith("415 ")
    assert unwritten.startswith("406 ")
    assert "pyarrow is not installed" in unread
    assert "pyarrow is not installed" in unwritten
    assert chosen == "text/csv"
