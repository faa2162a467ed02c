"""The model card: what a person who answers for the model must know, in Markdown."""

from collections.abc import Mapping
from typing import Any

from app.bundle.transforms import Feature
from app.bundle.transforms.number import NumberFeature
from training.config import CardConfig, SplitConfig
from training.data.kinds import KINDS
from training.formats import compact
from training.release import Release
from training.report.report import environment, shared_context

CALIBRATIONS = {
    "temperature": "one number that makes all probabilities more or less extreme",
    "isotonic": "a rising curve from what the network says to how often it was so",
}
"""What each method of calibration does, in words."""


def render_card(release: Release, version: int) -> str:
    """Return the card of a version, the same text for the same input.

    Text that users wrote is escaped for Markdown tables and HTML.
    """
    config = release.provenance.config
    return environment.get_template("model_card.md.j2").render(
        **shared_context(release, version),
        said=CardConfig.model_validate(config.get("card", {})),
        splitting=SplitConfig.model_validate(config.get("split", {})),
        goal=_goal(config.get("decision", {})),
        calibrations=CALIBRATIONS,
        rule=_rule,
    )


def _goal(decision: Mapping[str, Any]) -> str | None:
    """What the threshold was chosen for, in words; None where it was not chosen."""
    optimize = decision.get("optimize", "none")
    if optimize == "cost":
        positive, negative = (compact(decision[f"cost_false_{one}"]) for one in ("positive", "negative"))
        return f"the least cost: {positive} for a row taken for positive wrongly, {negative} for a positive row missed"
    return {
        "f1": "the largest F1, which weighs rows that are missed and false alarms alike",
        "precision": f"a precision of at least {compact(decision.get('at_least'))}, finding as many as possible",
        "recall": f"a recall of at least {compact(decision.get('at_least'))}, with as few false alarms as possible",
    }.get(optimize)


def _rule(feature: Feature) -> str:
    """What the service takes."""
    taken = KINDS[feature.kind].takes
    if not isinstance(feature, NumberFeature):
        return taken
    bounds = (("at least", feature.minimum), ("at most", feature.maximum))
    return ", ".join([taken, *(f"{which} {compact(bound)}" for which, bound in bounds if bound is not None)])
