import re
from pathlib import Path

import httpx

from tests.browser import browse


def test_the_page_names_no_other_host(client: httpx.Client) -> None:
    page = client.get("/docs").text
    assert re.findall(r"(?:src|href)=\"([^\"]+)\"", page) == [
        "/docs/assets/swagger-ui.css",
        "/docs/assets/favicon.png",
        "/docs/assets/swagger-ui-bundle.js",
    ]


def test_every_asset_is_served(client: httpx.Client) -> None:
    for asset in re.findall(r"\"(/docs/assets/[^\"]+)\"", client.get("/docs").text):
        assert client.get(asset).status_code == 200


def test_the_root_leads_to_the_documentation(client: httpx.Client) -> None:
    response = client.get("/")
    assert (response.status_code, response.headers["location"]) == (307, "/docs")


def test_a_browser_without_internet_shows_the_real_operations(client: httpx.Client, tmp_path: Path) -> None:
    page, console = browse(f"{client.base_url}/docs", tmp_path)
    for shown in ("/predict", "/models/credit/predict", "/health/ready", "Predict with the default model"):
        assert shown in page.replace("\u200b", "")
    assert "CONSOLE" not in console
