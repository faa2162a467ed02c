"""Liveness, readiness, and both with the models, versions and providers behind them."""

import os

import orjson
from fastapi import APIRouter, Response

from app.api.dependencies import PeersDependency, RegistryDependency
from app.models.registry import Registry
from app.session import cuda_status
from app.workers.peers import not_ready_reasons

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", summary="Is the process alive?")
async def live() -> Response:
    """Answer 200 as long as the event loop runs."""
    return _json(200, {"status": "alive"})


@router.get("/ready", summary="Can it predict?")
async def ready(peers: PeersDependency) -> Response:
    """Answer 200 if every model answers a golden row now, in every worker, else 503 with the reasons."""
    reasons = not_ready_reasons(await peers.health())
    return _json(503 if reasons else 200, {"status": "not ready" if reasons else "ready", "reasons": reasons})


@router.get("", summary="Liveness, readiness, versions and providers")
async def health(registry: RegistryDependency, peers: PeersDependency) -> Response:
    """Answer as `/health/ready` does, with the loaded versions and the providers that run them."""
    workers = await peers.health()
    reasons = not_ready_reasons(workers)
    content = {
        "status": "not ready" if reasons else "ready",
        "live": True,
        "ready": not reasons,
        "reasons": reasons,
        "models": _models(registry),
        "rejected": [
            {"name": rejected.name, "version": rejected.version, "reason": rejected.reason}
            for rejected in registry.rejected
        ],
        "cuda": {"usable": cuda_status().usable, "reason": cuda_status().reason},
        "pid": os.getpid(),
        "workers": workers,
    }
    return _json(503 if reasons else 200, content)


def _models(registry: Registry) -> list[dict[str, object]]:
    return [
        {**served.model.identity, "precision": served.model.precision, **served.model.session.description}
        for served in registry.models.values()
    ]


def _json(status: int, content: object) -> Response:
    return Response(
        orjson.dumps(content), status_code=status, media_type="application/json", headers={"Cache-Control": "no-store"}
    )
