"""WAV to samples to a spectrogram, and what is refused."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.media.sounds import N_MELS, log_mel, n_frames, samples, shape, wav
from tests.media import tone


def riff(coding: int, bits: int, data: bytes, channels: int = 1, rate: int = 8_000, size: int | None = None) -> bytes:
    form = struct.pack("<HHIIHH", coding, channels, rate, 0, 0, bits)
    head = b"RIFF\0\0\0\0WAVE" + b"fmt " + struct.pack("<I", 16) + form + b"LIST" + struct.pack("<I", 3) + b"abc\0"
    return head + b"data" + struct.pack("<I", len(data) if size is None else size) + data


@pytest.mark.parametrize(
    ("coding", "bits", "data"),
    [
        (1, 8, bytes([128, 192])),
        (1, 16, struct.pack("<2h", 0, 1 << 14)),
        (1, 24, b"\0\0\0\0\0\x40"),
        (1, 32, struct.pack("<2i", 0, 1 << 30)),
        (3, 32, struct.pack("<2f", 0, 0.5)),
        (3, 64, struct.pack("<2d", 0, 0.5)),
    ],
)
def test_every_coding_is_read(coding: int, bits: int, data: bytes) -> None:
    content = riff(coding, bits, data)
    assert samples(content, 8_000, 1).tolist() == [0, 0.5]
    assert shape(content) == (8_000, 2 / 8_000)


def test_channels_are_averaged_and_the_rest_is_cut() -> None:
    data = struct.pack("<6h", 0, 1 << 14, 1 << 14, 1 << 14, 0, 0)
    assert samples(riff(1, 16, data, channels=2, rate=1_000), 1_000, 0.002).tolist() == [0.25, 0.5]


def test_what_is_written_is_read_as_it_was() -> None:
    mono = np.random.default_rng(0).normal(size=50).astype(np.float32)
    assert (samples(wav(mono, 8_000), 8_000, 1) == mono).all()


def test_a_size_that_was_never_filled_in_means_the_rest() -> None:
    assert samples(riff(1, 8, b"\x80" * 5, size=0xFFFFFFFF), 8_000, 1).size == 5


def test_a_tone_keeps_its_pitch_at_another_rate() -> None:
    low, high = samples(tone(500, rate=8_000), 8_000, 0.2), samples(tone(500, rate=48_000), 8_000, 0.2)
    np.testing.assert_allclose(low[200:-200], high[200:-200], atol=0.05)


def test_a_higher_tone_is_louder_in_a_higher_band() -> None:
    low, high = (log_mel(samples(tone(one), 8_000, 0.2), 8_000, 0.2)[5].argmax() for one in (300, 2_000))
    assert low + 10 < high


def test_a_spectrogram_is_finite_and_as_long_for_every_sound() -> None:
    for mono in (np.zeros(3), np.ones(9_000), np.full(10, 1e30), np.full(10, 1e-30)):
        found = log_mel(mono.astype(np.float32), 8_000, 0.5)
        assert found.shape == (n_frames(8_000, 0.5), N_MELS)
        assert np.isfinite(found).all()
        assert found.min() >= -80
        assert found.max() <= 1e-6


def test_loudness_does_not_matter() -> None:
    mono = samples(tone(500), 8_000, 0.2)
    np.testing.assert_allclose(log_mel(mono, 8_000, 0.2), log_mel(mono * np.float32(0.125), 8_000, 0.2), atol=1e-3)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "must be a WAV file"),
        (b"ID3" + bytes(60), "must be a WAV file"),
        (riff(1, 16, b"\0" * 10, size=20), "must be a whole WAV file"),
        (riff(1, 16, b""), "with a sample or more"),
        (riff(7, 8, b"\0" * 10), "in PCM of 8, 16, 24 or 32 bits"),
        (riff(1, 12, b"\0" * 12), "in PCM of 8, 16, 24 or 32 bits"),
        (riff(1, 16, b"\0" * 40, channels=9), "of 1 to 8 channels"),
        (riff(1, 16, b"\0" * 40, channels=0), "of 1 to 8 channels"),
        (riff(1, 16, b"\0" * 40, rate=0), "at 1000 to 384000 Hz"),
        (riff(3, 32, struct.pack("<f", np.nan)), "of finite samples"),
        (riff(3, 64, struct.pack("<d", 1e300)), "of finite samples"),
    ],
)
def test_what_is_refused(content: bytes, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        samples(content, 8_000, 1)


def read_or_refused(content: bytes) -> bool:
    try:
        return bool(np.isfinite(samples(content, 8_000, 1)).all())
    except ValueError as error:
        return str(error).startswith("must ")


@given(st.binary(max_size=100), st.integers(0, 60))
def test_bytes_of_any_kind_are_read_or_refused_by_a_rule(noise: bytes, kept: int) -> None:
    for content in (noise, tone(500, 0.01)[:kept] + noise):
        assert read_or_refused(content)
