"""Sounds: log-mel spectrograms of a fixed length, standardized by band."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.bundle.features import AudioFeature
from app.bundle.media import base64_files, sounds
from app.bundle.normalization import AudioStatistics
from app.bundle.transforms.blocks import BlockTransform

LEAST_DEVIATION = 1.0
"""In decibels: a band that is always silent is not blown up."""


class AudioTransform(BlockTransform):
    """Raw: float32 decibels. A tensor a feature: float32 of shape (n_rows, frames, bands)."""

    kind: ClassVar[str] = "audio"
    dtype: ClassVar[type[np.generic]] = np.float32

    @staticmethod
    def shape(feature: AudioFeature) -> tuple[int, ...]:
        """Frames and bands."""
        return sounds.n_frames(feature.sample_rate, feature.seconds), sounds.N_MELS

    @staticmethod
    def fit(feature: AudioFeature, column: Sequence[bytes | None]) -> AudioStatistics:
        """Mean and deviation of each band; raises ValueError where no row has a sound."""
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
    def describe(statistics: AudioStatistics) -> str:  # noqa: ARG004 nobody hears with decibels
        """What a cell must be."""
        return "A WAV file, base64-encoded or a data URL."

    def reader(self, index: int) -> Callable[[str | bytes], NDArray[np.float32]]:
        """Decodes a sound."""
        feature = self._features[index]
        return lambda cell: _read(feature, cell)

    def standardize(self, index: int, block: NDArray[Any]) -> NDArray[np.float32]:
        """By band."""
        statistics = self._statistics[index]
        mean = np.array(statistics.mean, dtype=np.float32)
        deviation = np.array(statistics.standard_deviation, dtype=np.float32)
        return (block - mean) / deviation


def _read(feature: AudioFeature, cell: str | bytes) -> NDArray[np.float32]:
    mono = sounds.decode_wav(base64_files.decode(cell), feature.sample_rate, feature.seconds)
    return sounds.log_mel(mono, feature.sample_rate, feature.seconds)
