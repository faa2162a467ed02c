"""GET /metrics in Prometheus form."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from app.api.dependencies import PeersDependency

router = APIRouter(tags=["metrics"])


@router.get("/metrics", summary="Metrics in Prometheus form", response_class=Response)
async def metrics(peers: PeersDependency) -> Response:
    """Return counters, latencies by stage, batch sizes, requests in flight and model info, of all workers together."""
    return Response(await peers.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})
