"""POST /predict and its siblings: bytes in, bytes out."""

import asyncio
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from app.api.arrow_stream import predict_stream
from app.api.dependencies import ServedModelDependency
from app.bundle.display import shorten
from app.codecs.arrow_codec import ArrowCodec, installed
from app.codecs.base import Codec
from app.codecs.columns import Rows
from app.codecs.json_codec import JsonCodec
from app.codecs.json_explained import encode_explained
from app.codecs.negotiation import request_codec, response_codec
from app.errors import BodyTooLarge, InvalidParameter, NotAcceptable, UnsupportedMediaType
from app.models.served import ServedModel
from app.prediction import LARGE_BYTES, decode, encode

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
    explained = _explained(request)
    decoder, encoder = await _codecs(request)
    if explained:
        served.model.require_explainer()
        _check_codecs(decoder, encoder)
    if isinstance(decoder, ArrowCodec):
        return await predict_stream(request.stream(), encoder, served)
    body = await read(request)
    if served.model.reads_files or len(body) > LARGE_BYTES:
        payloads = await asyncio.to_thread(decode, decoder, body, served)
    else:
        payloads = decode(decoder, body, served)
    if explained:
        return await _explain(payloads, served)
    predictions = await served.predict_all(payloads)
    return Response(encode(encoder, predictions, served), media_type=encoder.media_type)


async def _explain(payloads: Sequence[Rows], served: ServedModel) -> Response:
    served.explanations.admit(sum(map(len, payloads)))  # before they are answered for nothing
    predictions = await served.predict_all(payloads)
    explanations = await served.explanations.explain(payloads)
    served.metrics.rows.inc(len(predictions))
    return Response(
        encode_explained(predictions, explanations, served.model.response_schema), media_type=JsonCodec.media_type
    )


def _explained(request: Request) -> bool:
    """Whether answers are to be explained; raises InvalidParameter."""
    values = request.query_params.getlist("explain")
    if len(values) > 1 or not {"true", "false"}.issuperset(values):
        raise InvalidParameter(f"`explain` must be true or false, received {shorten(', '.join(values))}")
    return values == ["true"]


def _check_codecs(decoder: Codec, encoder: Codec) -> None:
    if isinstance(decoder, ArrowCodec):
        raise UnsupportedMediaType("rows to be explained must come as JSON or CSV, not as an Arrow stream")
    if not isinstance(encoder, JsonCodec):
        raise NotAcceptable("explained answers are JSON alone; `python -m app score --explain` writes tables")


async def _codecs(request: Request) -> tuple[Codec, Codec]:
    """Return the codecs of the request and of its answer; raises UnsupportedMediaType, NotAcceptable."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise UnsupportedMediaType(f"a body must not be encoded, received Content-Encoding: {encoding[:80]}")
    kind = request.headers.get("content-type", "")
    accept = ",".join(request.headers.getlist("accept"))
    if ArrowCodec.media_type in f"{kind},{accept}".lower():
        await asyncio.to_thread(installed)  # the first import of pyarrow takes a while
    return request_codec(kind), response_codec(accept)


async def read(request: Request) -> bytes:
    """The body. FastAPI's own `max_body_size` would answer in plain text, not in problem details."""
    limit = request.state.settings.max_body_bytes
    too_large = BodyTooLarge(f"a body is at most {limit} bytes")
    if int(request.headers.get("content-length", 0)) > limit:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)
