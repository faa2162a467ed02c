"""What the lifespan hands to every request."""

from typing import Annotated, TypedDict

from fastapi import Depends, Request

from app.access import Access
from app.metrics import Metrics
from app.registry import Registry
from app.settings import Settings


class State(TypedDict):
    """Lives as long as the application."""

    settings: Settings
    metrics: Metrics
    registry: Registry
    access: Access


def _registry(request: Request) -> Registry:
    registry: Registry = request.state.registry
    return registry


RegistryDependency = Annotated[Registry, Depends(_registry)]
