"""The cost of each stage of a prediction, without HTTP: `make bench-stages`."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from app.bundle import store
from app.bundle.preprocessor import Preprocessor
from app.codecs.predictions import Predictions
from app.models.model import Model
from app.settings import Settings
from benchmarks.serving import bundle
from benchmarks.serving.contract import NAME
from benchmarks.serving.loads import json_load

pytestmark = pytest.mark.parametrize("n_rows", [1, 128])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a models folder with the benchmark's bundle."""
    made = tmp_path_factory.mktemp("bench")
    bundle.publish(made)
    return made / "models"


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    """Return the bundle as the service loads it."""
    return Model(store.read(folder, NAME, 1), Settings(models_dir=folder))


@pytest.fixture(scope="module")
def preprocessor(folder: Path) -> Preprocessor:
    """Return the bundle's preprocessor."""
    read = store.read(folder, NAME, 1)
    return Preprocessor(read.manifest.features, read.normalization)


def body(n_rows: int) -> bytes:
    """Return the body of a request with so many rows."""
    return json_load(n_rows, 1).bodies[0]


def test_parse(benchmark: BenchmarkFixture, model: Model, n_rows: int) -> None:
    """Time parsing bytes into validated rows."""
    rows = benchmark(model.schema.parse, body(n_rows))
    assert len(rows) == n_rows


def test_vectorize(benchmark: BenchmarkFixture, model: Model, preprocessor: Preprocessor, n_rows: int) -> None:
    """Time turning validated rows into raw arrays."""
    raw = benchmark(preprocessor.vectorize_rows, model.schema.parse(body(n_rows)))
    assert len(raw["number"]) == n_rows


def test_batch(benchmark: BenchmarkFixture, model: Model, preprocessor: Preprocessor, n_rows: int) -> None:
    """Time turning raw arrays into tensors, and checking whether any value deserves a warning."""
    raw = preprocessor.vectorize_rows(model.schema.parse(body(n_rows)))

    def batch() -> Any:
        return preprocessor.normalize(raw, ordinary=preprocessor.ordinary(raw))

    assert len(benchmark(batch)["number"]) == n_rows


def test_run(benchmark: BenchmarkFixture, model: Model, preprocessor: Preprocessor, n_rows: int) -> None:
    """Time running the graph."""
    raw = preprocessor.vectorize_rows(model.schema.parse(body(n_rows)))
    tensors = preprocessor.normalize(raw)
    outputs = benchmark(model.session.run, tensors)
    assert len(outputs["probability"]) == n_rows


def test_encode(benchmark: BenchmarkFixture, model: Model, n_rows: int) -> None:
    """Time turning predictions into bytes."""
    answers: Predictions = model.predict(model.schema.parse(body(n_rows)))

    def encode() -> bytes:
        return model.response_schema.json_encoder.response(answers)

    assert len(orjson.loads(benchmark(encode))["predictions"]) == n_rows
