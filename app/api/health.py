"""Liveness, readiness, and both with what they rest on."""

import os

import orjson
from fastapi import APIRouter, Response

from app.api.dependencies import PeersDependency, RegistryDependency
from app.models.registry import Registry
from app.session import cuda_status
from app.workers.peers import obstacles

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", summary="Is the process alive?")
async def live() -> Response:
    """200 as long as the event loop answers."""
    return _json(200, {"status": "alive"})


@router.get("/ready", summary="Can it predict?")
async def ready(peers: PeersDependency) -> Response:
    """200 where every model answers a golden row now, in every worker; 503 with the reasons elsewhere."""
    reasons = obstacles(await peers.health())
    return _json(503 if reasons else 200, {"status": "not ready" if reasons else "ready", "reasons": reasons})


@router.get("", summary="Liveness, readiness, versions and providers")
async def health(registry: RegistryDependency, peers: PeersDependency) -> Response:
    """What `/health/ready` says, and the versions and the providers that run them. 503 where it is not ready."""
    workers = await peers.health()
    reasons = obstacles(workers)
    content = {
        "status": "not ready" if reasons else "ready",
        "live": True,
        "ready": not reasons,
        "reasons": reasons,
        "models": _models(registry),
        "rejected": [{"name": one.name, "version": one.version, "reason": one.reason} for one in registry.rejected],
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
