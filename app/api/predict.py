"""POST /predict, with the default model or a named one."""

import asyncio

from fastapi import APIRouter, Request, Response

from app.api.arrow_stream import predict_stream
from app.api.dependencies import ServedModelDependency
from app.bundle.display import shorten
from app.codecs import negotiation
from app.codecs.arrow_codec import ArrowCodec, installed
from app.codecs.base import Codec
from app.codecs.json_codec import JsonCodec
from app.errors import BodyTooLarge, InvalidParameter, NotAcceptable, UnsupportedMediaType
from app.models.predict import predict_body
from app.models.served import ServedModel

router = APIRouter(tags=["predict"])


@router.post("/predict", summary="Predict with the default model")
async def predict(request: Request, served: ServedModelDependency) -> Response:
    """Answer each instance, in order, with the only model or the default one."""
    return await _predict(request, served)


@router.post("/models/{name}/predict", summary="Predict with a model")
async def predict_with_model(request: Request, served: ServedModelDependency) -> Response:
    """Answer each instance, in order."""
    return await _predict(request, served)


@router.post("/models/{name}/versions/{version}/predict", summary="Predict with a version of a model")
async def predict_with_version(request: Request, served: ServedModelDependency) -> Response:
    """Answer each instance, in order, with that version or not at all."""
    return await _predict(request, served)


async def _predict(request: Request, served: ServedModel) -> Response:
    explain = _wants_explanations(request)
    request_codec, response_codec = await _codecs(request)
    if explain:
        served.model.require_explainer()
        _check_explainable(request_codec, response_codec)
    if isinstance(request_codec, ArrowCodec):
        return await predict_stream(request.stream(), response_codec, served)
    content = await predict_body(served, request_codec, response_codec, await read_body(request), explain=explain)
    return Response(content, media_type=response_codec.media_type)


def _wants_explanations(request: Request) -> bool:
    """Return whether the query asks for explanations; raises InvalidParameter."""
    values = request.query_params.getlist("explain")
    if len(values) > 1 or not {"true", "false"}.issuperset(values):
        raise InvalidParameter(f"`explain` must be true or false, received {shorten(', '.join(values))}")
    return values == ["true"]


def _check_explainable(request_codec: Codec, response_codec: Codec) -> None:
    if isinstance(request_codec, ArrowCodec):
        raise UnsupportedMediaType("rows to be explained must come as JSON or CSV, not as an Arrow stream")
    if not isinstance(response_codec, JsonCodec):
        raise NotAcceptable("explained answers are only written as JSON; `slipway score --explain` writes tables")


async def _codecs(request: Request) -> tuple[Codec, Codec]:
    """Return the codecs of the request and of its answer; raises UnsupportedMediaType, NotAcceptable."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise UnsupportedMediaType(f"a body must not be encoded, received Content-Encoding: {encoding[:80]}")
    content_type = request.headers.get("content-type", "")
    accept = ",".join(request.headers.getlist("accept"))
    if ArrowCodec.media_type in f"{content_type},{accept}".lower():
        await asyncio.to_thread(installed)  # importing pyarrow takes a while
    return negotiation.request_codec(content_type), negotiation.response_codec(accept)


async def read_body(request: Request) -> bytes:
    """Return the body; raises BodyTooLarge.

    FastAPI's own `max_body_size` would answer in plain text, not in problem details.
    """
    limit = request.state.settings.max_body_bytes
    too_large = BodyTooLarge(f"a body is at most {limit} bytes")
    if int(request.headers.get("content-length", 0)) > limit:
        raise too_large
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise too_large
    return bytes(body)
