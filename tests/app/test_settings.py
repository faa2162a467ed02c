"""Settings from environment variables."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app import settings as module
from app.settings import Settings


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_MODELS_DIR", "/elsewhere")
    monkeypatch.setenv("SLIPWAY_REQUIRE_GPU", "true")
    assert (Settings().models_dir, Settings().require_gpu) == (Path("/elsewhere"), True)


@pytest.mark.parametrize(
    ("name", "value"), [("UNSEEN", "maybe"), ("MAX_BODY_BYTES", "0"), ("DEFAULT_MODEL", "../x"), ("PRECISION", "fp8")]
)
def test_an_invalid_setting_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"SLIPWAY_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


@pytest.mark.parametrize(("cores", "workers", "threads"), [(8, 1, 8), (8, 4, 2), (2, 4, 1)])
def test_workers_share_the_cores(monkeypatch: pytest.MonkeyPatch, cores: int, workers: int, threads: int) -> None:
    monkeypatch.setattr(module, "available_cpus", lambda: cores)
    assert Settings(workers=workers).threads == threads


@pytest.mark.parametrize(("text", "providers"), [("", None), (" , ", None), ("A, B,", ("A", "B"))])
def test_providers_are_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch, text: str, providers: tuple[str, ...] | None
) -> None:
    monkeypatch.setenv("SLIPWAY_PROVIDERS", text)
    assert Settings().providers == providers


def test_every_setting_has_a_description() -> None:
    assert all(field.description for field in Settings.model_fields.values())
