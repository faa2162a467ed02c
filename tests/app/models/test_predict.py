"""One request from its body to the body of its answer, awaited and called back."""

import asyncio
from pathlib import Path

import pytest

from app.bundle import store
from app.codecs.negotiation import request_codec, response_codec
from app.errors import MalformedBody, Overloaded
from app.models.predict import predict_body, submit_body
from app.models.served import ServedModel
from app.settings import Settings
from app.telemetry.metrics import Metrics
from tests import bundles
from tests.app.codecs import forms

pytestmark = pytest.mark.anyio

WRITERS = {"rows": ("application/json", forms.rows), **forms.WRITERS}


def serve(models: Path, **settings: int) -> ServedModel:
    return ServedModel(store.read(models, "credit", 1), Settings(models_dir=models, **settings), Metrics())  # type: ignore[arg-type]


async def submitted(served: ServedModel, media_type: str, body: bytes) -> bytes | Exception:
    """Return the body or the error that `submit_body` calls back with."""
    outcome: asyncio.Future[bytes | Exception] = asyncio.get_running_loop().create_future()
    codec = request_codec(media_type)
    task = submit_body(served, codec, codec, body, outcome.set_result, outcome.set_result, alone=False)
    answer = await outcome
    if task is not None:
        await task
    return answer


@pytest.mark.parametrize("max_batch_rows", [1024, 2])
@pytest.mark.parametrize("form", WRITERS)
async def test_both_ways_answer_alike(models: Path, form: str, max_batch_rows: int) -> None:
    """The answer is the same where the rows fit one batch and where they need several."""
    media_type, write = WRITERS[form]
    body = write(bundles.ROWS)
    served = serve(models, max_batch_rows=max_batch_rows)
    awaited = await predict_body(served, request_codec(media_type), response_codec(media_type), body)
    assert await submitted(served, media_type, body) == awaited
    assert served.metrics.rows.value == 2 * len(bundles.ROWS)
    served.close()


async def test_both_ways_tell_what_is_wrong_with_a_body(models: Path) -> None:
    served, codec = serve(models), request_codec("application/json")
    assert isinstance(await submitted(served, "application/json", b"{"), MalformedBody)
    with pytest.raises(MalformedBody):
        await predict_body(served, codec, codec, b"{")
    served.close()


async def test_both_ways_refuse_before_they_parse(models: Path) -> None:
    served, codec = serve(models), request_codec("application/json")
    served.close()
    assert isinstance(await submitted(served, "application/json", b"{"), Overloaded)
    with pytest.raises(Overloaded):
        await predict_body(served, codec, codec, b"{")
