"""/docs without the internet: the page and its assets come from this process."""

from importlib.resources import files

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

ASSETS = "/docs/assets"

router = APIRouter(include_in_schema=False)


@router.get("/")
async def root(request: Request) -> RedirectResponse:
    """Redirect a person who opens the address in a browser to the documentation."""
    return RedirectResponse(f"{request.scope['root_path']}/docs")


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Show Swagger UI over the application's own OpenAPI document."""
    root_path = request.scope["root_path"]
    return get_swagger_ui_html(
        openapi_url=f"{root_path}/openapi.json",
        title=request.app.title,
        swagger_js_url=f"{root_path}{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{root_path}{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{root_path}{ASSETS}/favicon.png",
        swagger_ui_parameters={"defaultModelsExpandDepth": -1, "tryItOutEnabled": True},
    )


def install(app: FastAPI) -> None:
    """Serve the assets that `fastapi_offline` ships."""
    app.mount(ASSETS, StaticFiles(directory=str(files("fastapi_offline") / "static")), name="assets")
    app.include_router(router)
