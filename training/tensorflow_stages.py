"""The stages that need TensorFlow: from tensors to a proven release.

Tests: tests/training/test_main.py (each stage is told; variants and explanations are proven and published)
"""

from app.bundle.manifest import Provenance
from training.backend import keras, make_deterministic
from training.console.narrator import Narrator
from training.data.normalize import Prepared
from training.data.table import Splits, Table
from training.errors import ParityError
from training.evaluation.importance import permutation_importances
from training.evaluation.insights import compute_insights
from training.evaluation.trained_model import TrainedModel, with_decision
from training.evaluation.verdict import evaluate_model
from training.explanation.proof import prove_explanation
from training.explanation.proven import ProvenExplanation
from training.export.export import export_onnx
from training.fitting.fit import fit
from training.job import Job
from training.network.network import build
from training.proof.golden import golden_rows
from training.proof.parity import ParityLimits, prove_parity, prove_variant
from training.publishing.catalogue import build_catalogue
from training.publishing.drift_reference import fit_drift_reference
from training.release import Release


def train_and_prove(
    job: Job, table: Table, splits: Splits, prepared: Prepared, provenance: Provenance, narrator: Narrator
) -> Release:
    """Fit, export, prove and evaluate; raises ParityError where an exported graph does not answer as the network."""
    config = job.config
    make_deterministic(config.seed)
    network = build(prepared, config.network)
    work_dir = job.folder(provenance.data_sha256, provenance.files_sha256)
    fitted = fit(network, prepared, config, work_dir, narrator.console)

    narrator.step("Export", "to ONNX, then the same rows through Keras and through onnxruntime")
    model = with_decision(TrainedModel(table, splits, prepared, export_onnx(network, table.task)), config)
    decision = model.decision
    narrator.decision(decision.calibration, decision.calibration_choice.losses, decision.threshold, decision.review)
    parity = prove_parity(network, model, ParityLimits(tolerance=config.export.tolerance))
    narrator.parity(parity)
    variants = {
        precision: prove_variant(network, model, precision) for precision in sorted(set(config.export.precision))
    }
    for precision, variant in variants.items():
        seconds = {timing.n_rows: (timing.seconds, timing.float32_seconds) for timing in variant.timings}
        narrator.variant(precision, variant.parity, len(variant.content), seconds)
    explanation = _explanation(network, prepared, narrator) if config.export.explanation else None

    narrator.step("Test", "rows that neither fitting nor stopping has seen, answered by the exported graph")
    verdict = evaluate_model(model)
    narrator.metrics(verdict.test.metrics, verdict.baseline.metrics)
    importances = permutation_importances(model, config.seed)
    return Release(
        name=job.name,
        model=model,
        history=fitted.history,
        best_epoch=fitted.best_epoch,
        golden=golden_rows(model),
        reference=fit_drift_reference(model),
        parity=parity,
        verdict=verdict,
        provenance=provenance,
        importances=importances,
        insights=compute_insights(model, importances, config.seed),
        variants=variants,
        explanation=explanation,
        catalogue=build_catalogue(table),
    )


def _explanation(network: keras.Model, prepared: Prepared, narrator: Narrator) -> ProvenExplanation | None:
    """Return the proven explanation, or None where the proof fails: the version is published without one."""
    try:
        proven = prove_explanation(network, prepared)
    except ParityError as error:
        narrator.unexplained(error)
        return None
    narrator.explanation(proven.described.parity)
    return proven
