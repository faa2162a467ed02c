"""Rows that hardly a test split holds and every service meets: missing, unseen and extreme values."""

from collections.abc import Callable, Sequence
from itertools import product

from app.bundle.features import Feature
from app.bundle.normalization import CategoryStatistics, Normalization, NumberStatistics

HUGE = 1e300
UNSEEN = "\x00 never seen in training"

NUMBERS: tuple[Callable[[NumberStatistics], float | None], ...] = (
    lambda fitted: fitted.median,
    lambda fitted: fitted.minimum,
    lambda fitted: fitted.maximum,
    lambda _: HUGE,
    lambda _: -HUGE,
    lambda _: None,
)
CATEGORIES: tuple[Callable[[CategoryStatistics], str | None], ...] = (
    lambda fitted: next(iter(fitted.categories), None),
    lambda fitted: next(reversed(fitted.categories), None),
    lambda _: UNSEEN,
    lambda _: None,
)


def edge_rows(features: Sequence[Feature], normalization: Normalization) -> list[dict[str, float | str | None]]:
    """Every pair of a choice for all numbers and one for all categories; most frequent and rarest are among those."""
    fitted = {one.name: normalization.features[one.name] for one in features}
    return [
        {name: number(one) if one.kind == "number" else category(one) for name, one in fitted.items()}
        for number, category in product(NUMBERS, CATEGORIES)
    ]
