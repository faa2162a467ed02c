"""The report of a training run: one HTML file that asks nothing of the network, for a person to read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from app.bundle.features import Feature
from app.bundle.manifest import Explanation, ParityCertificate, Provenance, ReducedPrecision, Task
from app.bundle.normalization import Normalization
from app.bundle.transforms import Columns
from training import formats
from training.data.folds import CrossValidation
from training.data.table import Finding
from training.evaluation.decision import Decision
from training.evaluation.evaluate import Evaluation, LabelScore
from training.evaluation.group_metrics import TITLES
from training.evaluation.importance import Importance
from training.evaluation.insights import Insights
from training.evaluation.metrics import HEADLINE, METRICS, Metric, compare
from training.evaluation.segments import Segmentation
from training.export.variants import ProvenVariant
from training.report import plots
from training.report.dependence_view import effects
from training.report.overview import summarize
from training.search.result import SearchResult
from training.search.space import format_value

MAX_MATRIX_LABELS = 30
MAX_CONFUSIONS = 8
CORRECTED = ("calibration_error", "log_loss", "brier", "roc_auc", "macro_roc_auc")
"""Metrics that are shown before and after calibration."""

environment = Environment(
    loader=PackageLoader("training.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
environment.filters |= {
    "compact": formats.compact,
    "fixed": formats.fixed,
    "rounded": formats.rounded,
    "prose": formats.prose,
    "percent": formats.percent,
    "outline": formats.outline,
    "cell": formats.cell,
    "setting": format_value,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """All that a report tells, as plain data.

    `baseline` is the evaluation of `training.evaluation.evaluate.baseline` on the test split. `history` holds one list
    a metric, an entry an epoch, as Keras gives it (`loss`, `val_loss`, …); `best_epoch` counts from 1.
    `train_columns` is the train split's, one entry a feature; `rows` the number of rows by split; `n_bytes` the size of
    the float32 graph. `raw` holds the evaluations of validation and test split before calibration, where there is one.
    """

    name: str
    version: int
    task: Task
    target: str
    labels: tuple[str, ...] | None
    test: Evaluation
    validation: Evaluation
    baseline: Evaluation
    history: Mapping[str, Sequence[float]]
    best_epoch: int
    features: Sequence[Feature]
    normalization: Normalization
    train_columns: Columns
    findings: Sequence[Finding]
    rows: Mapping[str, int]
    decision: Decision
    importances: Sequence[Importance]
    insights: Insights = field(default_factory=Insights)
    raw: tuple[Evaluation, Evaluation] | None
    parity: ParityCertificate
    n_bytes: int
    variants: Mapping[ReducedPrecision, ProvenVariant]
    provenance: Provenance
    found: SearchResult | None = None
    folds: CrossValidation | None = None
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A label whose curves are drawn, in the colour of a series or, with None, muted."""

    score: LabelScore
    series: int | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows of one label that were taken for another, and their share of that label's rows."""

    actual: str
    predicted: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Correction:
    """One metric before and after calibration."""

    metric: Metric
    validation_before: float
    validation: float
    test_before: float
    test: float


def render(report: ReportInput) -> str:
    """The report as one self-contained HTML document, the same text for the same input."""
    metrics = (report.test.metrics, report.validation.metrics, report.baseline.metrics)
    summaries = summarize(report.features, report.normalization, report.train_columns)
    return environment.get_template("report.html.j2").render(
        report=report,
        headline=compare(HEADLINE[report.task], *metrics),
        comparisons=compare(tuple(METRICS), *metrics),
        learning_curves=_learning_curves(report),
        legend=_legend(report),
        curves=_curves(report),
        confusions=_confusions(report),
        show_matrix=len(report.test.confusion) <= MAX_MATRIX_LABELS,
        calibration=plots.calibration(report.test.calibration) if report.test.calibration else None,
        values=_value_plots(report.test),
        corrections=corrections(report),
        metrics=METRICS,
        intervals={METRICS[name].title: one for name, one in report.insights.intervals.items()},
        effects=effects(
            report.task, report.labels, [one.support for one in report.test.scores], report.insights.dependences
        ),
        titles=titles,
        summaries=list(zip(report.features, summaries, strict=True)),
        config=json.dumps(report.provenance.config, indent=2, ensure_ascii=False, default=str),
    )


def corrections(report: ReportInput) -> list[Correction]:
    """What calibration changed, metric by metric."""
    if report.raw is None:
        return []
    splits = zip(report.raw, (report.validation, report.test), strict=True)
    (validation_before, validation), (test_before, test) = ((a.metrics, b.metrics) for a, b in splits)
    return [
        Correction(METRICS[name], validation_before[name], validation[name], test_before[name], test[name])
        for name in CORRECTED
        if name in test and name in validation
    ]


def titles(*segmentations: Segmentation) -> dict[str, tuple[str, str]]:
    """Title and meaning of each measure and metric that any of their segments has, in order."""
    known = TITLES | {name: (one.title, one.meaning) for name, one in METRICS.items() if name not in TITLES}
    told = {name for one in segmentations for segment in one.segments for name in segment.estimates}
    return {name: words for name, words in known.items() if name in told}


def _learning_curves(report: ReportInput) -> dict[str, Markup]:
    """A plot a metric that was also measured on the validation split, and the loss in any case."""
    return {
        name: plots.learning_curve(name, train, report.history.get(f"val_{name}"), report.best_epoch)
        for name, train in report.history.items()
        if name == "loss" or f"val_{name}" in report.history
    }


def _legend(report: ReportInput) -> list[LegendEntry]:
    """The labels with curves: the second of two; of many, the hardest to rank in colour, in the labels' order."""
    scores = report.test.scores[1:] if report.task == "binary" else report.test.scores
    ranked: list[tuple[float, int]] = sorted(
        (one.roc_auc, index) for index, one in enumerate(scores) if one.roc_auc is not None
    )
    coloured = sorted(index for _, index in ranked[: plots.N_SERIES])
    muted = sorted(index for _, index in ranked[plots.N_SERIES :])
    entries = [LegendEntry(scores[index], series) for series, index in enumerate(coloured)]
    return entries + [LegendEntry(scores[index], None) for index in muted]


def _curves(report: ReportInput) -> tuple[Markup, Markup] | None:
    """The ROC and the precision-recall plot, where a label has curves at all."""
    legend = _legend(report)
    if not legend:
        return None
    prevalence = legend[0].score.support / report.test.n_rows if report.task == "binary" else None
    return (
        plots.roc([(one.score.roc, one.series) for one in legend]),
        plots.precision_recall([(one.score.precision_recall, one.series) for one in legend], prevalence),
    )


def _confusions(report: ReportInput) -> list[Confusion]:
    """The most frequent mistakes of several labels, most frequent first."""
    labels, matrix = report.labels or (), report.test.confusion
    mistakes = [
        Confusion(labels[actual], labels[predicted], count, count / sum(row))
        for actual, row in enumerate(matrix)
        for predicted, count in enumerate(row)
        if count and actual != predicted
    ]
    return sorted(mistakes, key=lambda one: -one.count)[:MAX_CONFUSIONS]


def _value_plots(evaluation: Evaluation) -> Mapping[str, Any] | None:
    residuals = evaluation.residuals
    if residuals is None:
        return None
    return {
        "predicted": plots.predicted_against_actual(residuals.pairs),
        "residuals": plots.residuals(residuals.histogram),
    }
