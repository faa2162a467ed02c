"""The report of a training run: one self-contained HTML file, for a person to read."""

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
from training.formats import compact
from training.release import Release
from training.report import plots
from training.report.dependence_view import view_dependences
from training.report.overview import summarize_features
from training.search.space import format_value


@dataclass(frozen=True, slots=True)
class CalibrationMethod:
    """A calibration method's name and meaning, for a reader."""

    name: str
    meaning: str


CALIBRATIONS = {
    "temperature": CalibrationMethod(
        "temperature scaling", "one number that makes all probabilities more or less extreme"
    ),
    "isotonic": CalibrationMethod(
        "isotonic regression", "a rising curve from predicted probabilities to observed shares"
    ),
}
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
    """A label whose curves are drawn in the colour of a series, or muted where that is None."""

    score: LabelMetrics
    series: int | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """The rows of one label that are taken for another, and their share of that label's rows."""

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
        "intervals": {METRICS[name].title: interval for name, interval in release.insights.intervals.items()},
        "calibrations": CALIBRATIONS,
        "goal": _threshold_goal(release.provenance.config.get("decision", {})),
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
    (validation_before, validation), (test_before, test) = ((before.metrics, after.metrics) for before, after in splits)
    return [
        Correction(METRICS[name], validation_before[name], validation[name], test_before[name], test[name])
        for name in CORRECTED
        if name in test and name in validation
    ]


def _threshold_goal(decision: Mapping[str, Any]) -> str | None:
    """Return what the threshold was chosen for, in words; None where it was not chosen."""
    optimize = decision.get("optimize", "none")
    if optimize == "cost":
        false_positive, false_negative = (compact(decision[f"cost_false_{kind}"]) for kind in ("positive", "negative"))
        return (
            f"the least cost, at {false_positive} for each false positive and {false_negative} for each false negative"
        )
    at_least = compact(decision.get("at_least"))
    return {
        "f1": "the largest F1, which weighs missed rows and false alarms equally",
        "precision": f"a precision of at least {at_least} with the largest recall",
        "recall": f"a recall of at least {at_least} with the largest precision",
    }.get(optimize)


def titles(*segmentations: Segmentation) -> dict[str, tuple[str, str]]:
    """Return title and meaning of each metric that any of the segments has, in order of display, by name."""
    known = {name: (metric.title, metric.meaning) for name, metric in METRICS.items() if name not in TITLES}
    shown = {name for segmentation in segmentations for segment in segmentation.segments for name in segment.estimates}
    return {name: words for name, words in (TITLES | known).items() if name in shown}


def _learning_curves(release: Release) -> dict[str, Markup]:
    """Return a plot of the loss and of each metric that was also measured on the validation split, by name."""
    return {
        name: plots.learning_curve(name, train, release.history.get(f"val_{name}"), release.best_epoch)
        for name, train in release.history.items()
        if name == "loss" or f"val_{name}" in release.history
    }


def _legend(release: Release) -> list[LegendEntry]:
    """Return the labels that have curves, those in colour first.

    Of two labels that is the second; of more, those of the smallest ROC-AUC are in colour.
    """
    test = release.verdict.test
    scores = test.scores[1:] if release.model.table.task == "binary" else test.scores
    ranked: list[tuple[float, int]] = sorted(
        (score.roc_auc, index) for index, score in enumerate(scores) if score.roc_auc is not None
    )
    coloured = sorted(index for _, index in ranked[: plots.N_SERIES])
    muted = sorted(index for _, index in ranked[plots.N_SERIES :])
    entries = [LegendEntry(scores[index], series) for series, index in enumerate(coloured)]
    return entries + [LegendEntry(scores[index], None) for index in muted]


def _curves(release: Release) -> tuple[Markup, Markup] | None:
    """Return the ROC and the precision-recall plot, None where no label has curves."""
    legend = _legend(release)
    if not legend:
        return None
    task, n_rows = release.model.table.task, release.verdict.test.n_rows
    prevalence = legend[0].score.support / n_rows if task == "binary" else None
    return (
        plots.roc([(entry.score.roc, entry.series) for entry in legend]),
        plots.precision_recall([(entry.score.precision_recall, entry.series) for entry in legend], prevalence),
    )


def _confusions(release: Release) -> list[Confusion]:
    """Return the most frequent confusions of two labels, most frequent first."""
    labels, matrix = release.model.table.labels or (), release.verdict.test.confusion
    mistakes = [
        Confusion(labels[actual], labels[predicted], count, count / sum(row))
        for actual, row in enumerate(matrix)
        for predicted, count in enumerate(row)
        if count and actual != predicted
    ]
    return sorted(mistakes, key=lambda confusion: -confusion.count)[:MAX_CONFUSIONS]


def _value_plots(evaluation: Evaluation) -> Mapping[str, Any] | None:
    residuals = evaluation.residuals
    if residuals is None:
        return None
    return {
        "predicted": plots.predicted_against_actual(residuals.pairs),
        "residuals": plots.residuals(residuals.histogram),
    }
