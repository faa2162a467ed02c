"""The part of the road that needs TensorFlow: from tensors to a release that is proven."""

from app.bundle.manifest import Provenance
from training.backend import keras, make_deterministic
from training.console.narrator import Narrator
from training.data.normalize import Prepared
from training.data.table import Splits, Table
from training.errors import ParityError
from training.evaluation.decision import choose
from training.evaluation.importance import importances
from training.evaluation.insights import insights
from training.evaluation.verdict import judge
from training.explanation.proof import ProvenExplanation, explanation
from training.export.export import export_onnx
from training.export.runtime import Graph
from training.fitting.fit import fit
from training.job import Job
from training.network.network import build
from training.proof.golden import golden
from training.proof.parity import Limits, prove, prove_variant
from training.publishing.catalogue import catalogue
from training.publishing.drift_reference import reference
from training.publishing.publish import Release


def learn(
    job: Job, table: Table, splits: Splits, prepared: Prepared, provenance: Provenance, narrator: Narrator
) -> Release:
    """Fit, export, prove and judge; raises ParityError where an exported graph does not answer as the network."""
    make_deterministic(job.config.seed)
    network = build(prepared, job.config.network)
    fitted = fit(
        network, prepared, job.config, job.folder(provenance.data_sha256, provenance.files_sha256), narrator.console
    )

    narrator.step("Export", "to ONNX, then the same rows through Keras and through onnxruntime")
    content = export_onnx(network, table.task)
    decision = choose(table, splits, prepared, content, job.config)
    narrator.decision(decision.calibration, decision.calibrated.losses, decision.threshold, decision.review)
    parity = prove(network, content, prepared, Limits(tolerance=job.config.export.tolerance), decision)
    narrator.parity(parity)
    variants = {
        one: prove_variant(network, content, prepared, one, decision)
        for one in sorted(set(job.config.export.precision))
    }
    for precision, variant in variants.items():
        seconds = {timing.n_rows: (timing.seconds, timing.float32_seconds) for timing in variant.timings}
        narrator.variant(precision, variant.parity, len(variant.content), seconds)
    explained = _explanation(network, prepared, narrator) if job.config.export.explanation else None

    narrator.step("Test", "rows that neither fitting nor stopping has seen, answered by the exported graph")
    graph = Graph(content)
    verdict = judge(table, splits, prepared, graph, decision)
    narrator.metrics(verdict.test.metrics, verdict.baseline.metrics)
    ranked = importances(table, splits, prepared, graph, decision, job.config.seed)
    return Release(
        name=job.name,
        table=table,
        splits=splits,
        prepared=prepared,
        history=fitted.history,
        best_epoch=fitted.best_epoch,
        graph=content,
        golden=golden(table, splits.test, prepared, graph, decision),
        reference=reference(table, splits, prepared, graph, decision),
        decision=decision,
        importances=ranked,
        insights=insights(table, splits, prepared, graph, decision, ranked, job.config.seed),
        parity=parity,
        variants=variants,
        catalogue=catalogue(table),
        explanation=explained,
        verdict=verdict,
        provenance=provenance,
    )


def _explanation(network: keras.Model, prepared: Prepared, narrator: Narrator) -> ProvenExplanation | None:
    """None where there is no proven one: the version answers all the same."""
    try:
        proven = explanation(network, prepared)
    except ParityError as error:
        narrator.unexplained(error)
        return None
    narrator.explanation(proven.described.parity)
    return proven
