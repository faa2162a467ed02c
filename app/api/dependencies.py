"""The parts of the application's state that routes ask for.

Tests: tests/app/api/test_predict.py (models by name and version, and the default model)
"""

from typing import Annotated

from fastapi import Depends, Request

from app.models.registry import Registry
from app.models.served import ServedModel
from app.workers.peers import Peers


def _registry(request: Request) -> Registry:
    registry: Registry = request.state.registry
    return registry


RegistryDependency = Annotated[Registry, Depends(_registry)]


def _served(request: Request) -> ServedModel:
    """Return the model that the path names, or the default; raises UnknownModel, ModelNotChosen, NotReady.

    The path is read from the request, because for path parameters FastAPI would import pydantic.v1 at start.
    """
    registry: Registry = request.state.registry
    return registry.get(request.path_params.get("name"), request.path_params.get("version"))


ServedModelDependency = Annotated[ServedModel, Depends(_served)]


def _peers(request: Request) -> Peers:
    peers: Peers = request.state.peers
    return peers


PeersDependency = Annotated[Peers, Depends(_peers)]
