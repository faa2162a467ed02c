"""What the report says of each feature: how the train split's column looks, and the statistics that are served."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.bundle.features import (
    AudioFeature,
    BooleanFeature,
    CategoryFeature,
    DateFeature,
    Feature,
    ImageFeature,
    ItemFeature,
    NumberFeature,
    SeriesFeature,
    TextFeature,
    UserFeature,
)
from app.bundle.normalization import (
    AudioStatistics,
    BooleanStatistics,
    CategoryStatistics,
    DateStatistics,
    IdStatistics,
    ImageStatistics,
    Normalization,
    NumberStatistics,
    SeriesStatistics,
    TextStatistics,
)
from app.bundle.transforms import Columns
from app.bundle.transforms.date import iso
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


def _image(feature: ImageFeature, statistics: ImageStatistics, column: Sequence[Any]) -> FeatureSummary:
    mean, deviation = (", ".join(map(compact, one)) for one in (statistics.mean, statistics.standard_deviation))
    return FeatureSummary(
        name=feature.name,
        kind=feature.kind,
        description=feature.description,
        missing_share=sum(cell is None for cell in column) / len(column),
        facts=(
            ("size", f"{feature.height} × {feature.width}, {'grey' if feature.channels == 1 else 'in colour'}"),
            ("mean ± deviation", f"{mean} ± {deviation}"),
        ),
    )


def _audio(feature: AudioFeature, statistics: AudioStatistics, column: Sequence[Any]) -> FeatureSummary:
    return FeatureSummary(
        name=feature.name,
        kind=feature.kind,
        description=feature.description,
        missing_share=sum(cell is None for cell in column) / len(column),
        facts=(
            ("sample rate", f"{feature.sample_rate:,} Hz"),
            ("length", f"{compact(feature.seconds)} s"),
            ("bands", str(len(statistics.mean))),
        ),
    )


def _series(feature: SeriesFeature, statistics: SeriesStatistics, column: Sequence[Any]) -> FeatureSummary:
    present = [one for one in column if one is not None]
    facts = (
        ("range", f"{compact(statistics.minimum)} to {compact(statistics.maximum)}"),
        ("mean ± deviation", f"{compact(statistics.mean)} ± {compact(statistics.standard_deviation)}"),
        ("numbers a series", f"{statistics.shortest} to {statistics.longest}"),
    )
    return FeatureSummary(
        name=feature.name,
        kind=feature.kind,
        description=feature.description,
        missing_share=1 - len(present) / len(column),
        facts=facts,
        histogram=histogram(np.concatenate(present), N_BINS) if present else None,
    )


def _date(feature: DateFeature, statistics: DateStatistics, column: Sequence[Any]) -> FeatureSummary:
    present = [one for one in column if one is not None]
    facts = (
        ("range", f"{iso(statistics.minimum)} to {iso(statistics.maximum)}"),
        ("times of day", "yes" if statistics.has_times else "no"),
    )
    return FeatureSummary(
        name=feature.name,
        kind=feature.kind,
        description=feature.description,
        missing_share=1 - len(present) / len(column),
        facts=facts,
    )


def _boolean(feature: BooleanFeature, statistics: BooleanStatistics, column: Sequence[Any]) -> FeatureSummary:
    return FeatureSummary(
        name=feature.name,
        kind=feature.kind,
        description=feature.description,
        missing_share=sum(cell is None for cell in column) / len(column),
        bars=(Bar("true", statistics.true_share), Bar("false", 1 - statistics.true_share)),
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


def _ids(feature: ItemFeature | UserFeature, statistics: IdStatistics, column: Sequence[Any]) -> FeatureSummary:
    """Without a name: a report is read by more people than should know them."""
    counts = Counter(text for text in column if text is not None)
    rows = list(counts.values()) or [0]
    facts = (
        (f"{feature.kind}s", f"{len(counts):,}"),
        ("known", f"{len(statistics.ids):,}"),
        (f"rows of a {feature.kind}, median", compact(float(np.median(rows)))),
        (f"rows of a {feature.kind}, most", f"{max(rows):,}"),
    )
    return FeatureSummary(
        name=feature.name,
        kind=feature.kind,
        description=feature.description,
        missing_share=1 - counts.total() / len(column),
        facts=facts,
    )


_SUMMARIES: dict[str, Callable[[Any, Any, Any], FeatureSummary]] = {
    "number": _number,
    "category": _category,
    "image": _image,
    "audio": _audio,
    "series": _series,
    "date": _date,
    "boolean": _boolean,
    "text": _text,
    "user": _ids,
    "item": _ids,
}
