"""The loaded models: features, labels, metrics, provenance, drift."""

from typing import Any

import orjson
from fastapi import APIRouter, Response

from app.api.dependencies import PeersDependency, RegistryDependency, ServedModelDependency
from app.drift.figures import describe
from app.models.model import Model

router = APIRouter(prefix="/models", tags=["models"])

_NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "title": "Name"}}


@router.get("", summary="List the models")
async def list_models(registry: RegistryDependency) -> Response:
    """List the name, version, task and labels of each model."""
    models = [
        {**served.model.identity, "task": served.model.manifest.task, "labels": served.model.manifest.labels}
        for served in registry.models.values()
    ]
    return _json({"models": models})


@router.get("/{name}", summary="Describe a model", openapi_extra={"parameters": [_NAME]})
async def describe_model(served: ServedModelDependency) -> Response:
    """Describe its features and their rules, labels, metrics, parity, precision, provenance and session."""
    return _json(_describe(served.model))


@router.get("/{name}/drift", summary="Compare what is served with training", openapi_extra={"parameters": [_NAME]})
async def model_drift(served: ServedModelDependency, peers: PeersDependency) -> Response:
    """Return the population stability index of the scores and of each feature, and its rates, over the recent rows."""
    counts = (await peers.drift()).get(served.model.manifest.name)
    return _json({"model": served.model.identity, **describe(served.window, counts, enabled=served.watches_drift)})


def _describe(model: Model) -> dict[str, Any]:
    described = model.manifest.model_dump(mode="json", exclude={"files", "format"})
    properties = model.schema.json_schema()["properties"]["instances"]["items"]["properties"]
    for feature in described["features"]:
        feature["description"] = properties[feature["name"]]["description"]
    session = {"precision": model.precision, "session": model.session.description}
    return {**described, **session, "example": {"instances": [model.schema.example()]}}


def _json(content: object) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
