"""Publishing: all that a version consists of, written as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from app.bundle import store
from app.bundle.catalogue import Catalogue
from app.bundle.manifest import (
    Explanation,
    Golden,
    Manifest,
    ParityCertificate,
    Provenance,
    ReducedPrecision,
    TensorSpec,
    Variant,
)
from app.bundle.outputs import OUTPUT_NAMES
from app.bundle.reference import Reference
from training.data.folds import CrossValidation
from training.data.normalize import Prepared
from training.data.table import Splits, Table, take
from training.evaluation.calibration import reach
from training.evaluation.decision import Decision
from training.evaluation.importance import Importance
from training.evaluation.insights import Insights
from training.evaluation.verdict import Verdict
from training.export.variants import ProvenVariant
from training.report.card import render_card
from training.report.report import ReportInput, render
from training.search.result import SearchResult

if TYPE_CHECKING:
    from training.explanation.proof import ProvenExplanation

REPORT, CARD = "report/report.html", "report/model_card.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A version but for its number; `history` and `best_epoch` (from 1) tell how it was fitted."""

    name: str
    table: Table
    splits: Splits
    prepared: Prepared
    history: Mapping[str, list[float]]
    best_epoch: int
    graph: bytes
    golden: Golden
    reference: Reference
    decision: Decision
    parity: ParityCertificate
    verdict: Verdict
    provenance: Provenance
    importances: Sequence[Importance] = ()
    found: SearchResult | None = None
    folds: CrossValidation | None = None
    insights: Insights = field(default_factory=Insights)
    variants: Mapping[ReducedPrecision, ProvenVariant] = field(default_factory=dict)
    catalogue: Catalogue | None = None
    explanation: "ProvenExplanation | None" = None


def publish(models: Path, release: Release) -> int:
    """Publish the release, with its report, as the next version of its model, and return the version.

    Raises OSError (a full disk), and publishes nothing then.
    """

    def write(folder: Path, version: int) -> Mapping[str, bytes]:
        (folder / REPORT).parent.mkdir()
        report = report_input(release, version)
        contents = {
            store.MODEL: release.graph,
            **{_file(precision): one.content for precision, one in release.variants.items()},
            **({store.EXPLANATION: release.explanation.content} if release.explanation else {}),
            store.NORMALIZATION: _json(release.prepared.normalization),
            store.GOLDEN: _json(release.golden),
            store.REFERENCE: _json(release.reference),
            **({} if release.catalogue is None else {store.CATALOGUE: _json(release.catalogue)}),
            REPORT: render(report).encode(),
            CARD: render_card(report).encode(),
        }
        digests = {file: store.sha256(content) for file, content in contents.items()}
        return {**contents, store.MANIFEST: _json(manifest(release, version, digests))}

    return store.publish(models, release.name, write)


def manifest(release: Release, version: int, digests: Mapping[str, str]) -> Manifest:
    """What the version says of itself; `digests` are those of every other file."""
    table = release.table
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
            TensorSpec(name=name, dtype=one.dtype, shape=(None, *one.shape))
            for name, one in release.prepared.preprocessor.tensors.items()
        ),
        outputs=(TensorSpec(name=OUTPUT_NAMES[table.task], dtype="float32", shape=(None, width)),),
        calibration=release.decision.calibration,
        threshold=release.decision.threshold,
        review=release.decision.review,
        metrics=_metrics(release),
        parity=release.parity,
        variants={precision: _variant(release, precision) for precision in release.variants},
        explanation=_explanation(release),
        provenance=release.provenance,
        files=dict(digests),
    )


def _metrics(release: Release) -> dict[str, dict[str, float]]:
    """By split, and over the folds where there are some."""
    metrics = {"validation": release.verdict.validation.metrics, "test": release.verdict.test.metrics}
    if release.folds:
        spreads = release.folds.metrics.items()
        metrics["folds_mean"] = {name: one.mean for name, one in spreads}
        metrics["folds_standard_deviation"] = {name: one.deviation for name, one in spreads}
    return metrics


def _variant(release: Release, precision: ReducedPrecision) -> Variant:
    parity, target = release.variants[precision].parity, release.prepared.normalization.target
    scale = target.standard_deviation if target else 1
    calibrate = release.decision.calibrate
    tolerance = reach(calibrate, parity.tolerance) if calibrate else parity.tolerance * scale
    return Variant(file=_file(precision), parity=parity, golden_tolerance=tolerance)


def _explanation(release: Release) -> Explanation | None:
    return release.explanation.described if release.explanation else None


def _file(precision: ReducedPrecision) -> str:
    return f"model.{precision}.onnx"


def report_input(release: Release, version: int) -> ReportInput:
    """What the report tells of the version."""
    return ReportInput(
        name=release.name,
        version=version,
        task=release.table.task,
        target=release.table.target_name,
        labels=release.table.labels,
        test=release.verdict.test,
        validation=release.verdict.validation,
        baseline=release.verdict.baseline,
        history=release.history,
        best_epoch=release.best_epoch,
        features=release.table.features,
        normalization=release.prepared.normalization,
        train_columns=take(release.table.columns, release.splits.train),
        findings=release.table.findings,
        rows=release.provenance.rows,
        decision=release.decision,
        importances=release.importances,
        insights=release.insights,
        raw=release.verdict.raw,
        found=release.found,
        folds=release.folds,
        parity=release.parity,
        n_bytes=len(release.graph),
        variants=release.variants,
        explanation=_explanation(release),
        provenance=release.provenance,
    )


def _json(part: BaseModel) -> bytes:
    return part.model_dump_json(indent=1).encode()
