"""Decoding WAV files, spectrograms of samples, and the files that are refused."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.media.sounds import N_MELS, decode_wav, encode_wav, log_mel, n_frames, read_rate_and_seconds
from tests.media import tone


def riff(
    sample_format: int, bits: int, data: bytes, channels: int = 1, rate: int = 8_000, size: int | None = None
) -> bytes:
    header = struct.pack("<HHIIHH", sample_format, channels, rate, 0, 0, bits)
    head = b"RIFF\0\0\0\0WAVE" + b"fmt " + struct.pack("<I", 16) + header + b"LIST" + struct.pack("<I", 3) + b"abc\0"
    return head + b"data" + struct.pack("<I", len(data) if size is None else size) + data


@pytest.mark.parametrize(
    ("sample_format", "bits", "data"),
    [
        (1, 8, bytes([128, 192])),
        (1, 16, struct.pack("<2h", 0, 1 << 14)),
        (1, 24, b"\0\0\0\0\0\x40"),
        (1, 32, struct.pack("<2i", 0, 1 << 30)),
        (3, 32, struct.pack("<2f", 0, 0.5)),
        (3, 64, struct.pack("<2d", 0, 0.5)),
    ],
)
def test_every_encoding_is_read(sample_format: int, bits: int, data: bytes) -> None:
    content = riff(sample_format, bits, data)
    assert decode_wav(content, 8_000, 1).tolist() == [0, 0.5]
    assert read_rate_and_seconds(content) == (8_000, 2 / 8_000)


def test_channels_are_averaged_and_the_sound_is_cut() -> None:
    data = struct.pack("<6h", 0, 1 << 14, 1 << 14, 1 << 14, 0, 0)
    assert decode_wav(riff(1, 16, data, channels=2, rate=1_000), 1_000, 0.002).tolist() == [0.25, 0.5]


def test_written_samples_are_read_back_exactly() -> None:
    mono = np.random.default_rng(0).normal(size=50).astype(np.float32)
    assert (decode_wav(encode_wav(mono, 8_000), 8_000, 1) == mono).all()


def test_an_unknown_size_means_the_rest_of_the_file() -> None:
    assert decode_wav(riff(1, 8, b"\x80" * 5, size=0xFFFFFFFF), 8_000, 1).size == 5


def test_a_tone_keeps_its_pitch_at_another_rate() -> None:
    low, high = decode_wav(tone(500, rate=8_000), 8_000, 0.2), decode_wav(tone(500, rate=48_000), 8_000, 0.2)
    np.testing.assert_allclose(low[200:-200], high[200:-200], atol=0.05)


def test_a_higher_tone_is_louder_in_a_higher_band() -> None:
    low, high = (log_mel(decode_wav(tone(hertz), 8_000, 0.2), 8_000, 0.2)[5].argmax() for hertz in (300, 2_000))
    assert low + 10 < high


def test_a_spectrogram_is_finite_and_has_the_same_shape_for_every_sound() -> None:
    for mono in (np.zeros(3), np.ones(9_000), np.full(10, 1e30), np.full(10, 1e-30)):
        spectrogram = log_mel(mono.astype(np.float32), 8_000, 0.5)
        assert spectrogram.shape == (n_frames(8_000, 0.5), N_MELS)
        assert np.isfinite(spectrogram).all()
        assert spectrogram.min() >= -80
        assert spectrogram.max() <= 1e-6


def test_a_spectrogram_does_not_depend_on_loudness() -> None:
    mono = decode_wav(tone(500), 8_000, 0.2)
    np.testing.assert_allclose(log_mel(mono, 8_000, 0.2), log_mel(mono * np.float32(0.125), 8_000, 0.2), atol=1e-3)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "must be a WAV file"),
        (b"ID3" + bytes(60), "must be a WAV file"),
        (riff(1, 16, b"\0" * 10, size=20), "must be a whole WAV file"),
        (riff(1, 16, b""), "with at least one sample"),
        (riff(7, 8, b"\0" * 10), "in PCM of 8, 16, 24 or 32 bits"),
        (riff(1, 12, b"\0" * 12), "in PCM of 8, 16, 24 or 32 bits"),
        (riff(1, 16, b"\0" * 40, channels=9), "of 1 to 8 channels"),
        (riff(1, 16, b"\0" * 40, channels=0), "of 1 to 8 channels"),
        (riff(1, 16, b"\0" * 40, rate=0), "at 1000 to 384000 Hz"),
        (riff(3, 32, struct.pack("<f", np.nan)), "of finite samples"),
        (riff(3, 64, struct.pack("<d", 1e300)), "of finite samples"),
    ],
)
def test_an_unreadable_file_is_refused_by_rule(content: bytes, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        decode_wav(content, 8_000, 1)


def read_or_refused(content: bytes) -> bool:
    try:
        return bool(np.isfinite(decode_wav(content, 8_000, 1)).all())
    except ValueError as error:
        return str(error).startswith("must ")


@given(st.binary(max_size=100), st.integers(0, 60))
def test_random_bytes_are_read_or_refused_by_rule(noise: bytes, n_kept: int) -> None:
    for content in (noise, tone(500, 0.01)[:n_kept] + noise):
        assert read_or_refused(content)
