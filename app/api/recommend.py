"""POST /models/{name}/recommend: the items that a user may like best."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from app.api.dependencies import ModelDependency
from app.api.predict import read
from app.codecs.json_codec import JsonCodec
from app.codecs.negotiation import request_codec
from app.codecs.request_schema import parse_json
from app.errors import NothingToRank, UnsupportedMediaType
from app.models.model import LoadedModel
from app.models.ranker import Contest, Ranked, Ranker, parse

router = APIRouter(tags=["recommend"])


@router.post("/models/{name}/recommend", summary="Rank the items for a user")
async def recommend(request: Request, model: ModelDependency) -> Response:
    """The best of the catalogue's items, or of those that are given, for one user."""
    if model.ranker is None:
        raise NothingToRank(f"{model.manifest.name} has no item, or no one score, to rank by")
    media_type = request_codec(request.headers.get("content-type", "")).media_type
    if media_type != JsonCodec.media_type:
        raise UnsupportedMediaType(f"a body must be {JsonCodec.media_type}, received {media_type}")
    body = await read(request)
    model.batcher.admit()
    contest = await asyncio.to_thread(_contest, model.ranker, body)
    content = answer(model, contest.warnings, await _rank(model, contest))
    return Response(msgspec.json.encode(content), media_type=JsonCodec.media_type)


def answer(model: Any, warnings: Sequence[Any], ranked: Sequence[Ranked]) -> dict[str, Any]:
    """The body of an answer."""
    score = "value" if model.manifest.labels is None else "probability"
    entries = [
        {"item": one.item, "rank": rank, score: one.score} | ({"warnings": one.warnings} if one.warnings else {})
        for rank, one in enumerate(ranked, 1)
    ]
    warned = {"warnings": warnings} if warnings else {}
    return {"recommendations": entries, **warned, "model": model.identity}


def _contest(ranker: Ranker, body: bytes) -> Contest:
    return ranker.contest(parse(parse_json(body)))


async def _rank(model: LoadedModel, contest: Contest) -> list[Ranked]:
    """Batch after batch, so that other requests come between."""
    if not len(contest.rows):
        return []
    answers = await model.predict_all(contest.batches(model.policy.max_batch_rows))
    model.metrics.rows.add(len(answers))
    for one in contest.warnings:
        model.metrics.warning(one.rule)
    return contest.best(answers)
