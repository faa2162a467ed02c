"""Sounds: paths of WAV files, or their bytes; kept as WAVs of the rate and the length that the network hears.

Tests: tests/training/test_files.py
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from app.bundle.media import base64_files, sounds
from app.bundle.tables.decimal_marks import DecimalMark
from app.bundle.transforms.audio import AudioFeature, AudioStatistics
from training.data.kinds.base import Kind, Source, Summary, TypedColumn, mostly_matches
from training.data.kinds.files import is_usable, read_each, sample
from training.formats import compact

MAX_RATE = 16_000
MAX_SECONDS = 10.0
"""The rate to which sounds are resampled, and the length to which they are cut, at most by default."""
MOST = 0.95
"""Share of the sounds that are not cut."""
EXAMPLE_SECONDS = 0.02

_PATH = r"(?i)\.wav$"


def recognizes(filled: pl.Series, mark: DecimalMark) -> bool:  # noqa: ARG001 a path has no decimals
    """Return whether nearly all cells are paths of WAV files."""
    return mostly_matches(filled, _PATH)


def read(column: TypedColumn, series: pl.Series, source: Source) -> None:
    """Fill the column with WAVs, None where missing, and its feature.

    Raises InputError where a file is absent or is not a WAV.
    """
    if not is_usable(column, series, source):
        return
    rate, seconds = _length(column, series, source)

    def canonical(content: bytes) -> bytes:
        return sounds.encode_wav(sounds.decode_wav(content, rate, seconds), rate)

    column.values = read_each(column, series, source, range(len(series)), canonical)
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
"""Silence, all frequencies at once, and a missing cell."""


def _length(column: TypedColumn, series: pl.Series, source: Source) -> tuple[int, float]:
    """Return the median sample rate, at most MAX_RATE, and the configured seconds, or those that MOST sounds need."""
    read_shapes = read_each(column, series, source, sample(series), sounds.read_rate_and_seconds)
    shapes = [shape for shape in read_shapes if shape is not None]
    rates, seconds = np.array(shapes).T
    rate = min(MAX_RATE, int(np.quantile(rates, 0.5, method="inverted_cdf")))
    if source.settings.seconds is not None:
        return rate, source.settings.seconds
    longest = float(np.quantile(seconds, MOST, method="inverted_cdf"))
    return rate, min(MAX_SECONDS, max(0.1, round(longest, 1)))


def summarize(feature: AudioFeature, statistics: AudioStatistics, column: Sequence[Any]) -> Summary:
    """Return the summary of the train split's cells."""
    return Summary(
        missing_share=sum(cell is None for cell in column) / len(column),
        facts=(
            ("sample rate", f"{feature.sample_rate:,} Hz"),
            ("length", f"{compact(feature.seconds)} s"),
            ("bands", str(len(statistics.mean))),
        ),
    )


KIND = Kind(
    name="audio",
    takes="a WAV sound",
    read=read,
    recognizes=recognizes,
    edges=EDGES,
    summarize=summarize,
)
