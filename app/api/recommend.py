"""POST /models/{name}/recommend: the items that a user may like best."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from app.api.dependencies import ServedModelDependency
from app.api.predict import read_body
from app.bundle.transforms import RowWarning
from app.codecs.json_codec import JsonCodec
from app.codecs.negotiation import request_codec
from app.codecs.request_schema import parse_json
from app.errors import NothingToRank, UnsupportedMediaType
from app.models.model import Model
from app.models.ranker import Candidates, RankedItem, Ranker, parse_request
from app.models.served import ServedModel

router = APIRouter(tags=["recommend"])


@router.post("/models/{name}/recommend", summary="Rank the items for a user")
async def recommend(request: Request, served: ServedModelDependency) -> Response:
    """Return the best of the catalogue's items, or of the items in the request, for one user."""
    model = served.model
    if model.ranker is None:
        raise NothingToRank(f"{model.manifest.name} cannot rank items: it has no item feature, or no single score")
    media_type = request_codec(request.headers.get("content-type", "")).media_type
    if media_type != JsonCodec.media_type:
        raise UnsupportedMediaType(f"a body must be {JsonCodec.media_type}, received {media_type}")
    body = await read_body(request)
    served.batcher.admit()
    candidates = await asyncio.to_thread(_candidates, model.ranker, body)
    content = _content(model, candidates.warnings, await _rank(served, candidates))
    return Response(msgspec.json.encode(content), media_type=JsonCodec.media_type)


def _content(model: Model, warnings: Sequence[RowWarning], ranked: Sequence[RankedItem]) -> dict[str, Any]:
    """Return the content of an answer, before its encoding as JSON."""
    score = "value" if model.manifest.labels is None else "probability"
    entries = [
        {"item": item.item, "rank": rank, score: item.score} | ({"warnings": item.warnings} if item.warnings else {})
        for rank, item in enumerate(ranked, 1)
    ]
    warned = {"warnings": warnings} if warnings else {}
    return {"recommendations": entries, **warned, "model": model.identity}


def _candidates(ranker: Ranker, body: bytes) -> Candidates:
    return ranker.candidates(parse_request(parse_json(body)))


async def _rank(served: ServedModel, candidates: Candidates) -> list[RankedItem]:
    """Return the best items; their rows run in successive batches, between which other requests have their turn."""
    if not len(candidates.rows):
        return []
    predictions = await served.predict_all(candidates.batches(served.policy.max_batch_rows))
    served.metrics.rows.inc(len(predictions))
    for warning in candidates.warnings:
        served.metrics.count_warning(warning.rule)
    return candidates.rank(predictions)
