"""Small real bundles with features of any kind, made without TensorFlow: the graph answers a mean of its inputs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from onnx import TensorProto, helper

from app.bundle import store
from app.bundle.catalogue import Catalogue
from app.bundle.manifest import Golden, TensorSpec
from app.bundle.normalization import Normalization
from app.bundle.outputs import decode
from app.bundle.preprocessor import Preprocessor, fit
from app.bundle.reference import Reference, fit_features
from app.bundle.score_bins import ScoreBins
from app.bundle.transforms import Feature, TensorType
from app.session import Session
from tests import bundles

N_GOLDEN = 20


def publish(
    models: Path,
    features: Sequence[Feature],
    columns: Mapping[str, Sequence[Any]],
    name: str = "any",
    catalogue: Catalogue | None = None,
    held_out: Mapping[str, Sequence[Any]] | None = None,
) -> int:
    """Publish a binary model whose train split is `columns`, cells as a request brings them; its first rows are golden.

    With a reference of the rows that are held out, where there are any.
    """
    normalization = fit(features, columns)
    preprocessor = Preprocessor(features, normalization)
    content = graph(preprocessor.tensors)
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)][:N_GOLDEN]
    tensors = preprocessor.normalize(preprocessor.vectorize(preprocessor.columns(rows)))
    expected = decode("binary", Session(content, threads=1).run(tensors), None)
    golden = Golden(rows=tuple(rows), expected=tuple(map(tuple, expected.tolist())), tolerance=1e-4)
    reference = None if held_out is None else _reference(features, normalization, content, held_out)
    inputs = tuple(
        TensorSpec(name=tensor, dtype=one.dtype, shape=(None, *one.shape))
        for tensor, one in preprocessor.tensors.items()
    )

    def write(folder: Path, version: int) -> Mapping[str, bytes]:
        contents = {
            store.MODEL: content,
            store.NORMALIZATION: normalization.model_dump_json().encode(),
            store.GOLDEN: golden.model_dump_json().encode(),
            **({} if catalogue is None else {store.CATALOGUE: catalogue.model_dump_json().encode()}),
            **({} if reference is None else {store.REFERENCE: reference.model_dump_json().encode()}),
        }
        files = {file: store.sha256(one) for file, one in contents.items()}
        described = bundles.manifest(name, version, "binary", files)
        described = described.model_copy(update={"features": tuple(features), "inputs": inputs})
        return {**contents, store.MANIFEST: described.model_dump_json().encode()}

    return store.publish(models, name, write)


def _reference(
    features: Sequence[Feature], normalization: Normalization, content: bytes, held_out: Mapping[str, Sequence[Any]]
) -> Reference:
    preprocessor = Preprocessor(features, normalization)
    raw = preprocessor.vectorize(preprocessor.read(held_out))
    decoded = decode("binary", Session(content, threads=1).run(preprocessor.normalize(raw)), None)
    return Reference(
        features=fit_features(features, preprocessor, raw, normalization),
        score=ScoreBins.fit(decoded, "binary", bundles.LABELS["binary"]),
    )


def graph(tensors: Mapping[str, TensorType]) -> bytes:
    """Return ONNX bytes: the sigmoid of the sum of each input's mean."""
    inputs, nodes = [], []
    for name, one in tensors.items():
        dtype = TensorProto.FLOAT if one.dtype == "float32" else TensorProto.INT32
        inputs.append(helper.make_tensor_value_info(name, dtype, ["batch", *one.shape]))
        nodes.append(helper.make_node("Cast", [name], [f"{name}_float"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Flatten", [f"{name}_float"], [f"{name}_flat"], axis=1))
        nodes.append(helper.make_node("ReduceMean", [f"{name}_flat"], [f"{name}_mean"], axes=[1], keepdims=1))
    nodes.append(helper.make_node("Sum", [f"{name}_mean" for name in tensors], ["logit"]))
    nodes.append(helper.make_node("Sigmoid", ["logit"], ["probability"]))
    outputs = [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["batch", 1])]
    model = helper.make_model(
        helper.make_graph(nodes, "means", inputs, outputs),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=10,
    )
    content: bytes = model.SerializeToString()
    return content
