"""The report of a training run: one HTML file that asks nothing of the network, for a person to read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from training import formats
from training.evaluation.evaluate import Evaluation, LabelMetrics
from training.evaluation.group_metrics import TITLES
from training.evaluation.metrics import HEADLINE, METRICS, Comparison, Metric, compare
from training.evaluation.segments import Segmentation
from training.evaluation.verdict import Verdict
from training.release import Release
from training.report import plots
from training.report.dependence_view import view_dependences
from training.report.overview import summarize_features
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
    "histogram_path": plots.histogram_path,
    "cell": formats.cell,
    "setting": format_value,
}


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A label whose curves are drawn, in the colour of a series or, with None, muted."""

    score: LabelMetrics
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


def render_report(release: Release, version: int) -> str:
    """Return the report as one self-contained HTML document, the same text for the same input."""
    table, test, insights = release.model.table, release.verdict.test, release.insights
    return environment.get_template("report.html.j2").render(
        **shared_context(release, version),
        headline=_compare(HEADLINE[table.task], release.verdict),
        learning_curves=_learning_curves(release),
        legend=_legend(release),
        curves=_curves(release),
        confusions=_confusions(release),
        show_matrix=len(test.confusion) <= MAX_MATRIX_LABELS,
        calibration=plots.calibration(test.calibration) if test.calibration else None,
        values=_value_plots(test),
        metrics=METRICS,
        dependences=view_dependences(
            table.task, table.labels, [score.support for score in test.scores], insights.partial_dependences
        ),
        config=json.dumps(release.provenance.config, indent=2, ensure_ascii=False, default=str),
    )


def shared_context(release: Release, version: int) -> dict[str, Any]:
    """Return what the templates of the report and of the model card both read."""
    model = release.model
    return {
        "release": release,
        "version": version,
        "table": model.table,
        "decision": model.decision,
        "verdict": release.verdict,
        "insights": release.insights,
        "explanation": release.explanation.described if release.explanation else None,
        "comparisons": _compare(tuple(METRICS), release.verdict),
        "corrections": _corrections(release.verdict),
        "intervals": {METRICS[name].title: one for name, one in release.insights.intervals.items()},
        "titles": titles,
        "summaries": summarize_features(model.table.features, model.prepared.normalization, model.train_columns),
    }


def _compare(names: Sequence[str], verdict: Verdict) -> list[Comparison]:
    return compare(names, verdict.test.metrics, verdict.validation.metrics, verdict.baseline.metrics)


def _corrections(verdict: Verdict) -> list[Correction]:
    """Return what calibration changed, metric by metric; empty where there is none."""
    if verdict.uncalibrated is None:
        return []
    splits = zip(verdict.uncalibrated, (verdict.validation, verdict.test), strict=True)
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


def _learning_curves(release: Release) -> dict[str, Markup]:
    """A plot a metric that was also measured on the validation split, and the loss in any case."""
    return {
        name: plots.learning_curve(name, train, release.history.get(f"val_{name}"), release.best_epoch)
        for name, train in release.history.items()
        if name == "loss" or f"val_{name}" in release.history
    }


def _legend(release: Release) -> list[LegendEntry]:
    """The labels with curves: the second of two; of many, the hardest to rank in colour, in the labels' order."""
    test = release.verdict.test
    scores = test.scores[1:] if release.model.table.task == "binary" else test.scores
    ranked: list[tuple[float, int]] = sorted(
        (one.roc_auc, index) for index, one in enumerate(scores) if one.roc_auc is not None
    )
    coloured = sorted(index for _, index in ranked[: plots.N_SERIES])
    muted = sorted(index for _, index in ranked[plots.N_SERIES :])
    entries = [LegendEntry(scores[index], series) for series, index in enumerate(coloured)]
    return entries + [LegendEntry(scores[index], None) for index in muted]


def _curves(release: Release) -> tuple[Markup, Markup] | None:
    """The ROC and the precision-recall plot, where a label has curves at all."""
    legend = _legend(release)
    if not legend:
        return None
    task, n_rows = release.model.table.task, release.verdict.test.n_rows
    prevalence = legend[0].score.support / n_rows if task == "binary" else None
    return (
        plots.roc([(one.score.roc, one.series) for one in legend]),
        plots.precision_recall([(one.score.precision_recall, one.series) for one in legend], prevalence),
    )


def _confusions(release: Release) -> list[Confusion]:
    """The most frequent mistakes of several labels, most frequent first."""
    labels, matrix = release.model.table.labels or (), release.verdict.test.confusion
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
