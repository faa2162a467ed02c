from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from app.settings import Settings
from tests import bundles
from tests.server import running


def test_a_prediction_is_counted_in_every_metric_it_touches(models: Path) -> None:
    with running(Settings(models_dir=models)) as client:
        for _ in range(3):
            client.post("/predict", json={"instances": [*bundles.ROWS, {**bundles.ROWS[0], "home": "castle"}]})
        client.post("/predict", content=b"{", headers={"Content-Type": "application/json"})
        client.get("/no/such/path")
        response = client.get("/metrics")
        health = client.get("/health").json()
    assert response.headers["content-type"].startswith("text/plain; version=")
    samples = {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
    assert samples["slipway_requests_total", "POST", "/predict", "200"] == 3
    assert samples["slipway_requests_total", "POST", "/predict", "400"] == 1
    assert samples["slipway_requests_total", "GET", "other", "404"] == 1
    assert samples["slipway_request_seconds_count", "/predict"] == 4
    assert samples["slipway_rows_total", "credit"] == 12
    assert samples["slipway_warnings_total", "credit", "unseen_category"] == 3
    assert samples["slipway_in_flight_requests",] == 1
    for stage in ("parse", "queue", "encode"):
        assert samples["slipway_stage_seconds_count", "credit", stage] == 3
        assert samples["slipway_stage_seconds_sum", "credit", stage] > 0
    batches = samples["slipway_batch_rows_count", "credit"]
    assert samples["slipway_stage_seconds_count", "credit", "run"] == batches >= 3
    assert samples["slipway_batch_rows_sum", "credit"] >= 12
    provider = health["models"][0]["provider"]
    assert samples["slipway_model_info", "credit", provider, "1"] == 1
