import asyncio
from pathlib import Path

import pytest

from app.errors import ModelNotChosen, NotReady, UnknownModel
from app.models.registry import Registry
from app.settings import Settings
from app.telemetry.metrics import Metrics
from tests import bundles

pytestmark = pytest.mark.anyio


async def loaded(folder: Path, **settings: str) -> Registry:
    registry = Registry(Settings(models_dir=folder, **settings), Metrics())  # type: ignore[arg-type]
    await registry.load()
    return registry


async def test_the_newest_valid_version_is_loaded(tmp_path: Path) -> None:
    for shift in (0.0, 0.0, 0.5):
        bundles.publish(tmp_path, golden_shift=shift)
    registry = await loaded(tmp_path)
    assert registry.get().model.manifest.version == 2
    assert [(rejected.name, rejected.version) for rejected in registry.rejected] == [("credit", 3)]


async def test_nothing_is_known_before_loading_and_that_is_said(models: Path) -> None:
    registry = Registry(Settings(models_dir=models), Metrics())
    assert registry.obstacles() == ["models are being loaded"]
    with pytest.raises(NotReady, match="being loaded"):
        registry.get("credit")


async def test_names_and_versions_are_looked_up_and_never_read_as_paths(models: Path) -> None:
    registry = await loaded(models)
    for name in ("nope", "../credit", ""):
        with pytest.raises(UnknownModel):
            registry.get(name)
    for version in ("2", "+1", "1_0", "１"):
        with pytest.raises(UnknownModel, match="only loaded in version 1"):
            registry.get("credit", version)


async def test_a_provider_that_is_not_there_makes_no_model_ready(models: Path) -> None:
    registry = await loaded(models, providers="ForgottenExecutionProvider")
    (obstacle,) = registry.obstacles()
    assert obstacle.startswith("credit:1 was refused: SLIPWAY_PROVIDERS names ForgottenExecutionProvider, but ")


async def test_several_models_need_a_choice_or_a_default(tmp_path: Path) -> None:
    bundles.publish(tmp_path, "credit")
    bundles.publish(tmp_path, "price", "regression")
    with pytest.raises(ModelNotChosen, match="credit, price"):
        (await loaded(tmp_path)).get()
    assert (await loaded(tmp_path, default_model="price")).get().model.manifest.name == "price"


async def test_paths_of_the_fast_path_are_those_of_the_models(tmp_path: Path) -> None:
    bundles.publish(tmp_path, "credit")
    registry = await loaded(tmp_path)
    assert set(registry.routes) == {b"/predict", b"/models/credit/predict", b"/models/credit/versions/1/predict"}
    bundles.publish(tmp_path, "price", "regression")
    assert b"/predict" not in (await loaded(tmp_path)).routes


async def test_readiness_may_be_asked_while_models_are_loaded(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        bundles.publish(tmp_path, name)
    registry = Registry(Settings(models_dir=tmp_path), Metrics())
    loading = asyncio.create_task(registry.load())
    while not loading.done():
        assert await registry.readiness() == ["models are being loaded"]
        await asyncio.sleep(0)
    assert await registry.readiness() == []
