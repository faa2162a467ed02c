"""GET /metrics in Prometheus form."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

router = APIRouter(tags=["metrics"])


@router.get("/metrics", summary="Metrics in Prometheus form", response_class=Response)
async def metrics(request: Request) -> Response:
    """Counters, latencies by stage, batch sizes, in-flight requests and model info."""
    return Response(request.state.metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})
