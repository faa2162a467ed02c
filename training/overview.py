"""What the report says of each feature: how the train split's column looks, and the statistics that are served."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.bundle.features import CategoryFeature, Feature, NumberFeature, TextFeature
from app.bundle.normalization import CategoryStatistics, Normalization, NumberStatistics, TextStatistics
from app.bundle.transforms import Columns
from training.formats import compact
from training.histogram import Histogram, histogram

N_BINS = 24
N_TOP_CATEGORIES = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One category, or the `rest` together, and its share of the cells that hold one."""

    name: str
    share: float
    rest: bool = False


@dataclass(frozen=True, slots=True)
class FeatureSummary:
    """One row of the feature overview; a number has a histogram, a category bars."""

    name: str
    kind: str
    description: str | None
    missing_share: float
    facts: tuple[tuple[str, str], ...] = ()
    histogram: Histogram | None = None
    bars: tuple[Bar, ...] = ()


def summarize(features: Sequence[Feature], normalization: Normalization, columns: Columns) -> list[FeatureSummary]:
    """A summary a feature, in order; `columns` is the train split's, of one row or more."""
    return [_SUMMARIES[one.kind](one, normalization.features[one.name], columns[one.name]) for one in features]


def _number(feature: NumberFeature, statistics: NumberStatistics, column: Sequence[Any]) -> FeatureSummary:
    values = np.asarray(column, dtype=np.float64)
    present = values[~np.isnan(values) & ~np.isin(values, feature.missing_values)]
    facts = (
        ("range", f"{compact(statistics.minimum)} to {compact(statistics.maximum)}"),
        ("mean ± deviation", f"{compact(statistics.mean)} ± {compact(statistics.standard_deviation)}"),
        ("median", compact(statistics.median)),
    )
    return FeatureSummary(
        name=feature.name,
        kind=feature.kind,
        description=feature.description,
        missing_share=1 - present.size / len(values),
        facts=facts,
        histogram=histogram(present, N_BINS) if present.size else None,
    )


def _category(feature: CategoryFeature, statistics: CategoryStatistics, column: Sequence[Any]) -> FeatureSummary:
    counts = Counter(text for text in column if text is not None and text not in feature.missing_values)
    present, known = counts.total(), statistics.categories
    shown = known if len(known) <= N_TOP_CATEGORIES + 1 else known[:N_TOP_CATEGORIES]
    bars = [Bar(text, counts[text] / max(present, 1)) for text in shown]
    if len(known) > len(shown):
        bars.append(Bar(f"{len(known) - len(shown):,} more", 1 - sum(one.share for one in bars), rest=True))
    return FeatureSummary(
        name=feature.name,
        kind=feature.kind,
        description=feature.description,
        missing_share=1 - present / len(column),
        facts=(("categories", f"{len(known):,}"),),
        bars=tuple(bars),
    )


def _text(feature: TextFeature, statistics: TextStatistics, column: Sequence[Any]) -> FeatureSummary:
    lengths = [len(text) for text in column if text is not None and text not in feature.missing_values]
    facts = (
        ("characters, median", compact(float(np.median(lengths or [0])))),
        ("characters, longest", compact(max(lengths, default=0))),
        ("words and characters known", f"{len(statistics.vocabulary):,}"),
        ("n-grams known", f"{len(statistics.ngrams):,}"),
    )
    return FeatureSummary(
        name=feature.name,
        kind=feature.kind,
        description=feature.description,
        missing_share=1 - len(lengths) / len(column),
        facts=facts,
    )


_SUMMARIES: dict[str, Callable[[Any, Any, Any], FeatureSummary]] = {
    "number": _number,
    "category": _category,
    "text": _text,
}
