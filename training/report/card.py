"""The model card: what a person responsible for the model must know, in Markdown."""

from app.bundle.transforms import TRANSFORMS, Feature
from training.config import CardConfig, SplitConfig
from training.data.kinds import KINDS
from training.formats import compact
from training.release import Release
from training.report.report import environment, shared_context


def render_card(release: Release, version: int) -> str:
    """Return the card of a version, the same text for the same input.

    Text that users wrote is escaped for Markdown tables and HTML.
    """
    config = release.provenance.config
    return environment.get_template("model_card.md.j2").render(
        **shared_context(release, version),
        said=CardConfig.model_validate(config.get("card", {})),
        splitting=SplitConfig.model_validate(config.get("split", {})),
        rule=_rule,
    )


def _rule(feature: Feature) -> str:
    """Return what the service accepts for the feature, in words."""
    accepted = KINDS[feature.kind].takes
    bounds = TRANSFORMS[feature.kind].bounds(feature)
    if bounds is None:
        return accepted
    rules = (("at least", bounds.minimum), ("at most", bounds.maximum))
    return ", ".join([accepted, *(f"{which} {compact(bound)}" for which, bound in rules if bound is not None)])
