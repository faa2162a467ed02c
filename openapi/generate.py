"""Write openapi.json beside this file: the API of a service that has loaded the shipped bundle."""

import asyncio
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from app.main import create_app
from app.settings import Settings

HERE = Path(__file__).parent
SHIPPED = HERE.parent / "models" / "credit_scoring" / "1"


def document() -> dict[str, Any]:
    """Return the OpenAPI document of the shipped bundle alone, whatever else the models folder holds."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(SHIPPED, Path(folder, "credit_scoring", "1"))
        app = create_app(Settings(models_dir=Path(folder)))
        asyncio.run(_load(app))
        content: dict[str, Any] = app.openapi()
    return content


async def _load(app: Any) -> None:
    async with app.router.lifespan_context(app) as state:
        await state["registry"].loaded.wait()


if __name__ == "__main__":
    (HERE / "openapi.json").write_text(json.dumps(document(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
