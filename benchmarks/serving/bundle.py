"""The benchmark's model: 30 standardized numbers → 128 → 64 → 2 classes, made without TensorFlow."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from app.bundle import store
from app.bundle.features import NumberFeature
from app.bundle.manifest import Golden, Manifest, ParityCertificate, Provenance, TensorSpec
from app.bundle.normalization import Normalization, NumberStatistics
from benchmarks.serving.contract import FEATURES, LABELS, NAME

Layers = Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]


def publish(folder: Path) -> None:
    """Publish the bundle under `folder`/models."""
    layers = _layers()
    rows = random_rows(16, seed=1)
    expected = tuple((1.0 - one, one) for one in probabilities(rows).tolist())
    contents = {
        store.MODEL: _graph(layers),
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
    """Float64 array of shape (n_rows, 30): standard normal, written with four decimals as data files are."""
    return np.random.default_rng(seed).normal(size=(n_rows, len(FEATURES))).round(4)


def as_objects(rows: NDArray[np.float64]) -> list[dict[str, float | str | None]]:
    """The rows as instances of a request."""
    return [dict(zip(FEATURES, row, strict=True)) for row in rows.tolist()]


def probabilities(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Float64 array of shape (n_rows,): the second label's probability, computed without onnxruntime."""
    hidden = rows
    *inner, last = _layers()
    for weights, bias in inner:
        hidden = np.maximum(hidden @ weights + bias, 0.0)
    logits = (hidden @ last[0] + last[1])[:, 0]
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))


def _layers() -> Layers:
    generator = np.random.default_rng(0)
    widths = (len(FEATURES), 128, 64, 1)
    return [
        (
            generator.normal(scale=np.sqrt(2 / inputs), size=(inputs, outputs)).astype(np.float32),
            generator.normal(scale=0.1, size=outputs).astype(np.float32),
        )
        for inputs, outputs in pairwise(widths)
    ]


def _graph(layers: Layers) -> bytes:
    """ONNX bytes: input `number` (batch, 30), output `probability` (batch, 1)."""
    nodes: list[NodeProto] = []
    constants: list[TensorProto] = []
    current = "number"
    for index, (weights, bias) in enumerate(layers):
        last = index == len(layers) - 1
        constants += [
            numpy_helper.from_array(weights, f"weights_{index}"),
            numpy_helper.from_array(bias, f"bias_{index}"),
        ]
        nodes.append(helper.make_node("Gemm", [current, f"weights_{index}", f"bias_{index}"], [f"dense_{index}"]))
        current = "probability" if last else f"active_{index}"
        nodes.append(helper.make_node("Sigmoid" if last else "Relu", [f"dense_{index}"], [current]))
    graph = helper.make_graph(
        nodes,
        NAME,
        [helper.make_tensor_value_info("number", TensorProto.FLOAT, ["batch", len(FEATURES)])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["batch", 1])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    content: bytes = model.SerializeToString()
    return content


def _normalization() -> Normalization:
    # Standardized already, so that the peers, who do not normalize, answer the same.
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
