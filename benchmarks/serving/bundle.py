"""The benchmark's model: 30 standardized numbers → 128 → 64 → 2 classes, made without TensorFlow."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.bundle import store
from app.bundle.manifest import Golden, Manifest, ParityCertificate, Provenance, TensorSpec
from app.bundle.normalization import Normalization
from app.bundle.transforms.number import NumberFeature, NumberStatistics
from benchmarks.networks import Layers, dense_network, random_layers
from benchmarks.serving.contract import FEATURES, LABELS, NAME


def publish(folder: Path) -> None:
    """Publish the bundle in the folder `models` below this folder."""
    layers = _layers()
    rows = random_rows(16, seed=1)
    expected = tuple((1.0 - probability, probability) for probability in probabilities(rows).tolist())
    contents = {
        store.MODEL: dense_network(layers, "Sigmoid", "probability"),
        store.NORMALIZATION: _normalization().model_dump_json().encode(),
        store.GOLDEN: Golden(rows=tuple(as_objects(rows)), expected=expected, tolerance=1e-5)
        .model_dump_json()
        .encode(),
    }
    files = {file: store.sha256(content) for file, content in contents.items()}

    def write(_: Path, version: int) -> Mapping[str, bytes]:
        return {**contents, store.MANIFEST: _manifest(version, files).model_dump_json().encode()}

    store.publish(folder / "models", NAME, write)


def random_rows(n_rows: int, seed: int) -> NDArray[np.float64]:
    """Return a float64 array of shape (n_rows, 30): standard normal, with four decimals as in data files."""
    return np.random.default_rng(seed).normal(size=(n_rows, len(FEATURES))).round(4)


def as_objects(rows: NDArray[np.float64]) -> list[dict[str, float | str | None]]:
    """Return the rows as instances of a request."""
    return [dict(zip(FEATURES, row, strict=True)) for row in rows.tolist()]


def probabilities(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the second label's probability, float64 of shape (n_rows,), computed without onnxruntime."""
    hidden = rows
    *inner, last = _layers()
    for weights, bias in inner:
        hidden = np.maximum(hidden @ weights + bias, 0.0)
    logits = (hidden @ last[0] + last[1])[:, 0]
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))


def _layers() -> Layers:
    return random_layers((len(FEATURES), 128, 64, 1))


def _normalization() -> Normalization:
    # The features are standardized already, so that the peers, which do not normalize, give the same answers.
    fitted = NumberStatistics(mean=0, standard_deviation=1, median=0, minimum=-5, maximum=5)
    return Normalization(features=dict.fromkeys(FEATURES, fitted))


def _manifest(version: int, files: dict[str, str]) -> Manifest:
    return Manifest(
        name=NAME,
        version=version,
        task="binary",
        target="outcome",
        labels=LABELS,
        features=tuple(NumberFeature(name=name, nullable=False, example=0.5) for name in FEATURES),
        inputs=(TensorSpec(name="number", dtype="float32", shape=(None, len(FEATURES))),),
        outputs=(TensorSpec(name="probability", dtype="float32", shape=(None, 1)),),
        metrics={},
        parity=ParityCertificate(
            rows=16,
            edge_rows=1,
            batch_sizes=(16,),
            largest_difference=0.0,
            label_flips=0,
            tolerance=1e-5,
            versions={},
        ),
        provenance=Provenance(
            created_at=datetime.now(UTC),
            data_file="generated",
            data_sha256="0" * 64,
            rows={},
            seed=0,
            config={},
            versions={},
        ),
        files=files,
    )
