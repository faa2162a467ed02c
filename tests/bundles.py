"""Small real bundles, made without TensorFlow: a graph of a few nodes for each task."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from app.bundle import store
from app.bundle.manifest import (
    Golden,
    Manifest,
    ParityCertificate,
    Provenance,
    ReducedPrecision,
    Task,
    TensorSpec,
    Variant,
)
from app.bundle.normalization import Normalization, TargetStatistics
from app.bundle.outputs import OUTPUT_NAMES, decode
from app.bundle.preprocessor import Preprocessor
from app.bundle.reference import Reference
from app.bundle.transforms import Feature
from app.bundle.transforms.category import CategoryFeature, CategoryStatistics
from app.bundle.transforms.number import NumberFeature, NumberStatistics
from app.session import Session

FEATURES: tuple[Feature, ...] = (
    NumberFeature(name="age", nullable=False, minimum=0, maximum=130, example=40.0, description="Years."),
    NumberFeature(name="income", nullable=True, missing_values=(-999.0,), example=1200.0),
    CategoryFeature(name="home", nullable=False, example="rent"),
    CategoryFeature(name="job title", nullable=True, example="clerk"),
)
STATISTICS: dict[str, NumberStatistics | CategoryStatistics] = {
    "age": NumberStatistics(mean=40, standard_deviation=10, median=39, minimum=18, maximum=70),
    "income": NumberStatistics(mean=1200, standard_deviation=300, median=1100, minimum=0, maximum=3000),
    "home": CategoryStatistics(categories=("rent", "owner", "other")),
    "job title": CategoryStatistics(categories=("clerk", "baker")),
}
ROWS: list[dict[str, Any]] = [
    {"age": 30.0, "income": 900.0, "home": "rent", "job title": "clerk"},
    {"age": 61.0, "income": None, "home": "owner", "job title": None},
    {"age": 18.0, "income": 3000.0, "home": "other", "job title": "baker"},
]
LABELS: Mapping[Task, tuple[str, ...] | None] = {
    "binary": ("good", "bad"),
    "multiclass": ("red", "green", "blue"),
    "regression": None,
}
_HEADS: Mapping[Task, tuple[str, int]] = {
    "binary": ("Sigmoid", 1),
    "multiclass": ("Softmax", 3),
    "regression": ("Identity", 1),
}


def publish(
    models: Path,
    name: str = "credit",
    task: Task = "binary",
    *,
    seed: int = 0,
    golden_shift: float = 0.0,
    poison: float | None = None,
    variants: Mapping[ReducedPrecision, bytes] | None = None,
    reference: Reference | None = None,
    explainer: bytes | None = None,
    **decided: Any,
) -> int:
    """Publish a bundle and return its version; `golden_shift` breaks its answers, `poison` is added to its output.

    `decided` are the manifest's calibration, threshold and review, or what it says of the `explainer`. `variants`
    are graphs beside the float32 one, whose golden answers may differ by 0.01.
    """
    normalization = Normalization(
        features=STATISTICS,
        target=TargetStatistics(mean=100, standard_deviation=20) if task == "regression" else None,
    )
    model = graph(task, seed, poison)
    calibration = decided.get("calibration")
    expected = answers(model, normalization, task, ROWS) + golden_shift if poison is None else np.zeros((3, 2))
    if calibration:
        expected = calibration.calibrator()(expected)
    reduced = {f"model.{precision}.onnx": content for precision, content in (variants or {}).items()}
    golden = Golden(rows=tuple(ROWS), expected=tuple(map(tuple, expected.tolist())), tolerance=1e-4)

    def write(folder: Path, version: int) -> Mapping[str, bytes]:
        (folder / "report").mkdir()
        contents = {
            store.MODEL: model,
            store.NORMALIZATION: normalization.model_dump_json().encode(),
            store.GOLDEN: golden.model_dump_json().encode(),
            "report/report.html": b"<p>report</p>",
            **reduced,
            **({} if explainer is None else {store.EXPLANATION: explainer}),
            **({} if reference is None else {store.REFERENCE: reference.model_dump_json().encode()}),
        }
        files = {file: store.sha256(content) for file, content in contents.items()}
        described = manifest(name, version, task, files, list(variants or ())).model_copy(update=decided)
        return {**contents, store.MANIFEST: described.model_dump_json().encode()}

    return store.publish(models, name, write)


def answers(model: bytes, normalization: Normalization, task: Task, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return what the graph answers to the rows, computed without the service."""
    preprocessor = Preprocessor(FEATURES, normalization)
    tensors = preprocessor.normalize(preprocessor.vectorize(preprocessor.columns(rows)))
    return decode(task, Session(model, threads=1).run(tensors), normalization.target)


def manifest(
    name: str, version: int, task: Task, files: dict[str, str], variants: Sequence[ReducedPrecision] = ()
) -> Manifest:
    """Return a manifest with the features above."""
    parity = ParityCertificate(
        rows=3,
        edge_rows=1,
        batch_sizes=(1, 3),
        largest_difference=0.0,
        label_flips=0,
        tolerance=1e-5,
        versions={"onnxruntime": "1"},
    )
    return Manifest(
        name=name,
        version=version,
        task=task,
        target="status",
        labels=LABELS[task],
        features=FEATURES,
        inputs=(
            TensorSpec(name="number", dtype="float32", shape=(None, 3)),
            TensorSpec(name="category", dtype="int32", shape=(None, 2)),
        ),
        outputs=(TensorSpec(name=OUTPUT_NAMES[task], dtype="float32", shape=(None, _HEADS[task][1])),),
        metrics={"test": {"accuracy": 0.9}},
        parity=parity,
        variants={one: Variant(file=f"model.{one}.onnx", parity=parity, golden_tolerance=0.01) for one in variants},
        provenance=Provenance(
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            data_file="data.csv",
            data_sha256="0" * 64,
            rows={"train": 3},
            seed=0,
            config={},
            versions={},
        ),
        files=files,
    )


def weights(task: Task, seed: int = 0, *, rounded: bool = False) -> NDArray[np.float32]:
    """Return the weights of the graph, of shape (5, n_outputs)."""
    drawn = np.random.default_rng(seed).normal(size=(5, _HEADS[task][1]))
    return drawn.astype(np.float16 if rounded else np.float32).astype(np.float32)


def graph(task: Task, seed: int = 0, poison: float | None = None, *, rounded: bool = False) -> bytes:
    """Return ONNX bytes: one dense layer over the numbers and the codes, then the task's head.

    `rounded` weights are those that half precision can hold.
    """
    activation, width = _HEADS[task]
    constants = [numpy_helper.from_array(weights(task, seed, rounded=rounded), "weights")]
    nodes = [
        helper.make_node("Cast", ["category"], ["codes"], to=TensorProto.FLOAT),
        helper.make_node("Concat", ["number", "codes"], ["fused"], axis=1),
        helper.make_node("MatMul", ["fused", "weights"], ["logits"]),
    ]
    if poison is None:
        nodes.append(helper.make_node(activation, ["logits"], [OUTPUT_NAMES[task]]))
    else:
        constants.append(numpy_helper.from_array(np.array(poison, dtype=np.float32), "poison"))
        nodes.append(helper.make_node("Add", ["logits", "poison"], [OUTPUT_NAMES[task]]))
    inputs = [
        helper.make_tensor_value_info("number", TensorProto.FLOAT, ["batch", 3]),
        helper.make_tensor_value_info("category", TensorProto.INT32, ["batch", 2]),
    ]
    outputs = [helper.make_tensor_value_info(OUTPUT_NAMES[task], TensorProto.FLOAT, ["batch", width])]
    model = helper.make_model(
        helper.make_graph(nodes, "small", inputs, outputs, constants),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=10,
    )
    content: bytes = model.SerializeToString()
    return content
