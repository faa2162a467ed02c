"""POST /predict and its siblings: bytes in, bytes out."""

from time import perf_counter
from typing import Any

from fastapi import APIRouter, Request, Response

from app.api.state import RegistryDependency
from app.errors import BodyTooLarge, UnsupportedMediaType
from app.model import LoadedModel

router = APIRouter(tags=["predict"])


@router.post("/predict", summary="Predict with the default model")
async def predict(request: Request, registry: RegistryDependency) -> Response:
    """Answer each instance, in order, with the only model or the default one."""
    return await _predict(request, registry.get())


@router.post("/models/{name}/predict", summary="Predict with a model")
async def predict_with_model(request: Request, registry: RegistryDependency, name: str) -> Response:
    """Answer each instance, in order."""
    return await _predict(request, registry.get(name))


@router.post("/models/{name}/versions/{version}/predict", summary="Predict with a version of a model")
async def predict_with_version(request: Request, registry: RegistryDependency, name: str, version: str) -> Response:
    """Answer each instance, in order, with that version or not at all."""
    return await _predict(request, registry.get(name, version))


async def _predict(request: Request, model: LoadedModel) -> Response:
    _require_json(request)
    body = await _read(request, request.state.settings.max_body_bytes)
    started = perf_counter()
    rows = model.schema.parse(body)
    model.metrics.parse.observe(perf_counter() - started)
    return Response(model.encode(await model.predict(rows)), media_type="application/json")


def _require_json(request: Request) -> None:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise UnsupportedMediaType(f"a body must not be encoded, received Content-Encoding: {encoding[:80]}")
    received = request.headers.get("content-type", "")
    media_type, *parameters = (part.strip().lower() for part in received.split(";"))
    charsets: list[Any] = [part for part in parameters if part.startswith("charset=")]
    if media_type != "application/json" or any(one.strip("charset=\"'") not in ("utf-8", "utf8") for one in charsets):
        raise UnsupportedMediaType(f"a body must be application/json in UTF-8, received {received[:80] or 'no type'}")


async def _read(request: Request, limit: int) -> bytes:
    """The body. FastAPI's own `max_body_size` would answer in plain text, not in problem details."""
    too_large = BodyTooLarge(f"a body is at most {limit} bytes")
    if int(request.headers.get("content-length", 0)) > limit:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)
