"""Sounds: log-mel spectrograms of a fixed length, standardized by band."""

from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.bundle.bins.base import Distribution
from app.bundle.bins.measured import MeasuredDistribution, Quantity
from app.bundle.media import base64_files, sounds
from app.bundle.transforms.base import Feature, Statistics
from app.bundle.transforms.blocks import BlockTransform

LEAST_DEVIATION = 1.0
"""Least deviation in decibels, so that a band that is always silent is not blown up."""
Seconds = Annotated[float, Field(gt=0, le=60)]
"""The length of a sound as the network reads it."""


class AudioFeature(Feature):
    """A WAV, resampled to one channel of `sample_rate` (Hz) and cut or padded to `seconds`."""

    kind: Literal["audio"] = "audio"
    missing_values: tuple[str, ...] = ()
    sample_rate: Annotated[int, Field(ge=1_000, le=384_000)]
    seconds: Seconds
    example: str | None = None


class AudioStatistics(Statistics):
    """Statistics of one feature's loudness in decibels, one number per band."""

    kind: Literal["audio"] = "audio"
    mean: tuple[float, ...]
    standard_deviation: tuple[Annotated[float, Field(gt=0)], ...]


class AudioTransform(BlockTransform):
    """Raw: float32 decibels. One tensor per feature: float32 of shape (n_rows, frames, bands)."""

    kind: ClassVar[str] = "audio"
    feature_type: ClassVar[type[Feature]] = AudioFeature
    statistics_type: ClassVar[type[Statistics]] = AudioStatistics
    distribution: ClassVar[Distribution] = MeasuredDistribution("audio", Quantity("level"))
    dtype: ClassVar[type[np.generic]] = np.float32

    @staticmethod
    def shape(feature: AudioFeature) -> tuple[int, ...]:
        """Return the numbers of frames and bands."""
        return sounds.n_frames(feature.sample_rate, feature.seconds), sounds.N_MELS

    @classmethod
    def fit(cls, feature: AudioFeature, column: Sequence[bytes | None]) -> AudioStatistics:
        """Return mean and deviation of each band; raise ValueError where no row has a sound."""
        blocks = [_read(feature, cell) for cell in column if cell is not None]
        if not blocks:
            raise ValueError(f"feature {feature.name!r} needs at least one sound in the train split, received none")
        sums = np.zeros((2, sounds.N_MELS))
        for block in blocks:
            values = block.astype(np.float64)
            sums += values.sum(axis=0), np.square(values).sum(axis=0)
        mean, square = sums / (len(blocks) * len(blocks[0]))
        deviation = np.sqrt(np.maximum(square - mean * mean, LEAST_DEVIATION**2))
        return AudioStatistics(mean=tuple(mean.tolist()), standard_deviation=tuple(deviation.tolist()))

    @staticmethod
    def describe(statistics: AudioStatistics) -> str:  # noqa: ARG004 decibels tell a caller little
        """Return what a cell must be."""
        return "A WAV file, base64-encoded or a data URL."

    def reader(self, index: int) -> Callable[[str | bytes], NDArray[np.float32]]:
        """Return a function that decodes a sound."""
        feature = self._features[index]
        return lambda cell: _read(feature, cell)


def _read(feature: AudioFeature, cell: str | bytes) -> NDArray[np.float32]:
    mono = sounds.decode_wav(base64_files.decode(cell), feature.sample_rate, feature.seconds)
    return sounds.log_mel(mono, feature.sample_rate, feature.seconds)
