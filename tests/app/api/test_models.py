import httpx


def test_models_are_listed_with_task_and_labels(many: httpx.Client) -> None:
    assert many.get("/models").json()["models"] == [
        {"name": "colour", "version": 1, "task": "multiclass", "labels": ["red", "green", "blue"]},
        {"name": "credit", "version": 1, "task": "binary", "labels": ["good", "bad"]},
        {"name": "price", "version": 1, "task": "regression", "labels": None},
    ]


def test_a_model_tells_features_metrics_proof_and_provenance(client: httpx.Client) -> None:
    content = client.get("/models/credit").json()
    features = {feature["name"]: feature for feature in content["features"]}
    assert features["age"]["maximum"] == 130
    assert features["income"]["description"] == (
        "Training range: 0 to 3000. Read as missing: -999. May be null or absent."
    )
    assert "Known categories: rent, owner, other." in features["home"]["description"]
    assert content["metrics"] == {"test": {"accuracy": 0.9}}
    assert content["parity"]["label_flips"] == 0
    assert content["provenance"]["data_file"] == "data.csv"
    assert content["session"]["provider"] == "CPUExecutionProvider"


def test_the_example_of_a_model_is_accepted(client: httpx.Client) -> None:
    example = client.get("/models/credit").json()["example"]
    response = client.post("/predict", json=example)
    assert response.status_code == 200
    assert "warnings" not in response.json()["predictions"][0]


def test_an_unknown_model_is_not_found(client: httpx.Client) -> None:
    response = client.get("/models/nope")
    assert (response.status_code, response.json()["code"]) == (404, "unknown_model")
