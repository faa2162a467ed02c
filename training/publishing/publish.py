"""Publishing: write every file of a version at once."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from app.bundle import store
from app.bundle.manifest import Manifest, ReducedPrecision, TensorSpec, Variant
from app.bundle.outputs import OUTPUT_NAMES
from training.evaluation.calibration import calibrated_tolerance
from training.release import Release
from training.report.card import render_card
from training.report.report import render_report

REPORT, CARD = "report/report.html", "report/model_card.md"


def publish(models: Path, release: Release) -> int:
    """Publish the release, with its report and card, as the next version of its model; return the version.

    Raises OSError where the disk is full, and publishes nothing then.
    """

    def write(folder: Path, version: int) -> Mapping[str, bytes]:
        (folder / REPORT).parent.mkdir()
        contents = {
            store.MODEL: release.model.graph,
            **{_file(precision): variant.content for precision, variant in release.variants.items()},
            **({store.EXPLANATION: release.explanation.content} if release.explanation else {}),
            store.NORMALIZATION: _json(release.model.prepared.normalization),
            store.GOLDEN: _json(release.golden),
            store.REFERENCE: _json(release.reference),
            **({} if release.catalogue is None else {store.CATALOGUE: _json(release.catalogue)}),
            REPORT: render_report(release, version).encode(),
            CARD: render_card(release, version).encode(),
        }
        digests = {file: store.sha256(content) for file, content in contents.items()}
        return {**contents, store.MANIFEST: _json(build_manifest(release, version, digests))}

    return store.publish(models, release.name, write)


def build_manifest(release: Release, version: int, digests: Mapping[str, str]) -> Manifest:
    """Return the version's manifest; `digests` holds the SHA-256 of every other file by its name."""
    model, table = release.model, release.model.table
    width = len(table.labels or ()) if table.task == "multiclass" else 1
    return Manifest(
        name=release.name,
        version=version,
        task=table.task,
        target=table.target_name,
        labels=table.labels,
        features=table.features,
        long=table.long,
        inputs=tuple(
            TensorSpec(name=name, dtype=spec.dtype, shape=(None, *spec.shape))
            for name, spec in model.prepared.preprocessor.tensors.items()
        ),
        outputs=(TensorSpec(name=OUTPUT_NAMES[table.task], dtype="float32", shape=(None, width)),),
        calibration=model.decision.calibration,
        threshold=model.decision.threshold,
        review=model.decision.review,
        metrics=_metrics(release),
        parity=release.parity,
        variants={precision: _variant(release, precision) for precision in release.variants},
        explanation=release.explanation.described if release.explanation else None,
        provenance=release.provenance,
        files=dict(digests),
    )


def _metrics(release: Release) -> dict[str, dict[str, float]]:
    """Return the metrics by split, and over the folds of a cross-validation where there was one."""
    metrics = {"validation": release.verdict.validation.metrics, "test": release.verdict.test.metrics}
    if release.cross_validation:
        spreads = release.cross_validation.metrics.items()
        metrics["folds_mean"] = {name: spread.mean for name, spread in spreads}
        metrics["folds_standard_deviation"] = {name: spread.deviation for name, spread in spreads}
    return metrics


def _variant(release: Release, precision: ReducedPrecision) -> Variant:
    parity, target = release.variants[precision].parity, release.model.prepared.normalization.target
    scale = target.standard_deviation if target else 1
    calibrate = release.model.decision.calibrate
    tolerance = calibrated_tolerance(calibrate, parity.tolerance) if calibrate else parity.tolerance * scale
    return Variant(file=_file(precision), parity=parity, golden_tolerance=tolerance)


def _file(precision: ReducedPrecision) -> str:
    return f"model.{precision}.onnx"


def _json(part: BaseModel) -> bytes:
    return part.model_dump_json(indent=1).encode()
