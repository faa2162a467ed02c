"""The model card: what a person who answers for the model must know, in Markdown."""

from app.bundle.features import Feature
from training.formats import compact
from training.headline import METRICS, compare
from training.overview import summarize
from training.report import ReportInput, corrections, environment


def render_card(report: ReportInput) -> str:
    """The card of a version, the same text for the same input; user's text is escaped for Markdown tables and HTML."""
    summaries = summarize(report.features, report.normalization, report.train_columns)
    return environment.get_template("model_card.md.j2").render(
        report=report,
        features=list(zip(report.features, summaries, strict=True)),
        comparisons=compare(tuple(METRICS), report.test.metrics, report.validation.metrics, report.baseline.metrics),
        corrections=corrections(report),
        optimize=report.provenance.config.get("decision", {}).get("optimize", "none"),
        rule=_rule,
    )


_CELLS = {
    "category": "a string",
    "user": "a string",
    "item": "a string",
    "boolean": "true or false",
    "date": "a date or a date with its time",
    "text": "text",
    "series": "one number or more",
    "image": "a PNG or JPEG image",
    "audio": "a WAV sound",
}


def _rule(feature: Feature) -> str:
    """What the service refuses."""
    if feature.kind != "number":
        return _CELLS[feature.kind]
    bounds = (("at least", feature.minimum), ("at most", feature.maximum))
    return ", ".join(["a number", *(f"{which} {compact(bound)}" for which, bound in bounds if bound is not None)])
