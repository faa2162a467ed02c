"""Which requests are plain enough to be answered on the event loop, ahead of all else."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.models.served import ServedModel
from app.server.recognizer import Recognizer
from app.settings import Settings

HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"10")]


@pytest.mark.parametrize("reads_files", [False, True])
def test_a_model_that_reads_files_has_no_plain_requests(reads_files: bool) -> None:
    """To decode an image takes a second, which no other request may wait for."""
    served = cast(ServedModel, SimpleNamespace(model=SimpleNamespace(reads_files=reads_files)))
    routes: dict[bytes, Any] = {b"/predict": ("/predict", served)}
    assert (Recognizer(routes, Settings()).recognize(b"/predict", HEADERS) is None) == reads_files
