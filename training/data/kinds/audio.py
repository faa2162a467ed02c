"""Sounds: paths of WAV files, or their bytes. What the network is taught is kept as WAVs of its rate and length."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from app.bundle.features import AudioFeature
from app.bundle.media import base64_files, sounds
from app.bundle.normalization import AudioStatistics
from training.data.kinds.base import Column, Source, Summary
from training.data.kinds.files import each, is_usable, sample
from training.formats import compact

MAX_RATE = 16_000
MAX_SECONDS = 10.0
"""What sounds of a higher rate or a longer time are brought to, unless the configuration says otherwise."""
MOST = 0.95
"""Share of the sounds that are not cut."""
EXAMPLE_SECONDS = 0.02

PATH = r"(?i)\.wav$"


def read(column: Column, series: pl.Series, source: Source) -> None:
    """Fill the column with WAVs, None where missing, and its feature.

    Raises InputError where a file is absent or no WAV.
    """
    if not is_usable(column, series, source):
        return
    rate, seconds = _length(column, series, source)

    def canonical(content: bytes) -> bytes:
        return sounds.encode_wav(sounds.decode_wav(content, rate, seconds), rate)

    column.values = each(column, series, source, range(len(series)), canonical)
    filled = [cell for cell in column.values if cell is not None]
    column.feature = AudioFeature(
        name=column.name,
        description=source.settings.description,
        nullable=len(filled) < len(series),
        sample_rate=rate,
        seconds=seconds,
        example=base64_files.encode(sounds.encode_wav(sounds.decode_wav(filled[0], rate, EXAMPLE_SECONDS), rate)),
    )


def _silence(_: AudioStatistics) -> str:
    return base64_files.encode(sounds.encode_wav(np.zeros(1, dtype=np.float32), MAX_RATE))


def _click(_: AudioStatistics) -> str:
    return base64_files.encode(sounds.encode_wav(np.ones(1, dtype=np.float32), MAX_RATE))


EDGES: tuple[Callable[[AudioStatistics], str | None], ...] = (_silence, _click, lambda _: None)
"""Silence, all frequencies at once, and missing."""


def _length(column: Column, series: pl.Series, source: Source) -> tuple[int, float]:
    """The usual sample rate, at most MAX_RATE, and the seconds as configured, or those that MOST sounds need."""
    rates_and_seconds = each(column, series, source, sample(series), sounds.read_rate_and_seconds)
    rates, seconds = np.array([pair for pair in rates_and_seconds if pair is not None]).T
    rate = min(MAX_RATE, int(np.quantile(rates, 0.5, method="inverted_cdf")))
    if source.settings.seconds is not None:
        return rate, source.settings.seconds
    longest = float(np.quantile(seconds, MOST, method="inverted_cdf"))
    return rate, min(MAX_SECONDS, max(0.1, round(longest, 1)))


def summarize(feature: AudioFeature, statistics: AudioStatistics, column: Sequence[Any]) -> Summary:
    """Of the train split's cells."""
    return Summary(
        missing_share=sum(cell is None for cell in column) / len(column),
        facts=(
            ("sample rate", f"{feature.sample_rate:,} Hz"),
            ("length", f"{compact(feature.seconds)} s"),
            ("bands", str(len(statistics.mean))),
        ),
    )
