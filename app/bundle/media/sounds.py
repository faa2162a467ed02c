"""WAV files decoded to samples, and log-mel spectrograms of samples, with numpy alone."""

import io
import struct
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MAX_CHANNELS = 8
RATES = (1_000, 384_000)
"""The lowest and highest sample rate that is accepted, in Hz."""
N_MELS = 40
"""Number of mel bands of a spectrogram."""
RULE = "must be a WAV file"

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_SIZE = 0xFFFFFFFF
"""The size that programs write if they stream a file and cannot go back to its header."""
_WINDOW_SECONDS, _HOP_SECONDS = 0.03, 0.01
_FLOOR_DECIBELS = -80.0
_TYPES = {(_PCM, 8): "u1", (_PCM, 16): "<i2", (_PCM, 32): "<i4", (_FLOAT, 32): "<f4", (_FLOAT, 64): "<f8"}


def decode_wav(content: bytes, rate: int, seconds: float) -> NDArray[np.float32]:
    """Return the first `seconds` of a WAV file as mono samples: float32 of shape (n_samples,), at `rate` Hz.

    The channels are averaged, and integer samples scaled to -1 to 1. Raises ValueError with the rule that the file
    breaks.
    """
    file_rate, n_channels, encoding, data = _parse(content)
    n_bytes = n_channels * _sample_bytes(encoding) * int(np.ceil(seconds * file_rate))
    channels = _decode(data[:n_bytes], encoding, n_channels)
    with np.errstate(over="ignore"):
        mono = channels.mean(axis=1).astype(np.float32)
    if not np.isfinite(mono).all():
        raise ValueError("must be a WAV file of finite samples")
    return _resample(mono, file_rate, rate)[: n_samples(rate, seconds)]


def read_rate_and_seconds(content: bytes) -> tuple[int, float]:
    """Return the sample rate in Hz and the length in seconds of a WAV file.

    Raises ValueError as `decode_wav` does.
    """
    rate, n_channels, encoding, data = _parse(content)
    return rate, len(data) / (n_channels * _sample_bytes(encoding) * rate)


def encode_wav(mono: NDArray[np.float32], rate: int) -> bytes:
    """Return a mono WAV file of float32 samples, which `decode_wav` restores exactly."""
    stream, data = io.BytesIO(), mono.astype("<f4").tobytes()
    stream.write(struct.pack("<4sI4s", b"RIFF", 36 + len(data), b"WAVE"))
    stream.write(struct.pack("<4sIHHIIHH", b"fmt ", 16, _FLOAT, 1, rate, 4 * rate, 4, 32))
    stream.write(struct.pack("<4sI", b"data", len(data)))
    stream.write(data)
    return stream.getvalue()


def n_samples(rate: int, seconds: float) -> int:
    """Return the number of samples of a sound that is cut or padded to `seconds`."""
    return max(1, round(rate * seconds))


def n_frames(rate: int, seconds: float) -> int:
    """Return the number of frames, one each 10 ms, of the spectrogram of such a sound."""
    return -(-n_samples(rate, seconds) // _hop(rate))


def log_mel(mono: NDArray[np.float32], rate: int, seconds: float) -> NDArray[np.float32]:
    """Return the log-mel spectrogram of a sound, padded with silence to `seconds`: float32 of shape (n_frames, N_MELS).

    Values are in decibels relative to the loudest band of the sound, from 0 down to -80. The filterbank is S. B. Davis
    and P. Mermelstein's (Comparison of parametric representations for monosyllabic word recognition, 1980).
    """
    window = _window(rate)
    padded = np.zeros((n_frames(rate, seconds) - 1) * _hop(rate) + len(window))
    cut = mono[: len(padded)]
    padded[: len(cut)] = cut
    frames = np.lib.stride_tricks.sliding_window_view(padded, len(window))[:: _hop(rate)] * window
    power = np.square(np.abs(np.fft.rfft(frames))) @ _filters(rate)
    loudest = power.max()
    if loudest == 0:
        return np.full(power.shape, _FLOOR_DECIBELS, dtype=np.float32)
    floor = 10 ** (_FLOOR_DECIBELS / 10)
    return np.asarray(10 * np.log10(np.maximum(power / loudest, floor)), dtype=np.float32)


def _parse(content: bytes) -> tuple[int, int, tuple[int, int], bytes]:
    """Return the rate in Hz, the number of channels, the encoding (format and bits) and the samples' bytes.

    There is at least one sample per channel. The layout is that of RIFF WAVE (Multimedia Programming Interface and Data
    Specifications 1.0, IBM and Microsoft, 1991).
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError(RULE)
    header, position = b"", 12
    while position + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, position)
        body = content[position + 8 : position + 8 + size]
        if name == b"data":
            if len(body) < size != _UNKNOWN_SIZE:
                raise ValueError("must be a whole WAV file")
            return _validate(header, body)
        if name == b"fmt ":
            header = body
        position += 8 + size + size % 2
    raise ValueError("must be a whole WAV file")


def _validate(header: bytes, data: bytes) -> tuple[int, int, tuple[int, int], bytes]:
    if len(header) < 16:
        raise ValueError("must be a whole WAV file")
    sample_format, n_channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", header)
    if sample_format == _EXTENSIBLE and len(header) >= 26:
        (sample_format,) = struct.unpack_from("<H", header, 24)
    if (sample_format, bits) not in {*_TYPES, (_PCM, 24)}:
        raise ValueError("must be a WAV file in PCM of 8, 16, 24 or 32 bits or in float of 32 or 64 bits")
    if not 1 <= n_channels <= MAX_CHANNELS or not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"must be a WAV file of 1 to {MAX_CHANNELS} channels at {RATES[0]} to {RATES[1]} Hz")
    frame_bytes = n_channels * bits // 8
    data = data[: len(data) // frame_bytes * frame_bytes]
    if not data:
        raise ValueError("must be a WAV file with at least one sample")
    return rate, n_channels, (sample_format, bits), data


def _sample_bytes(encoding: tuple[int, int]) -> int:
    return encoding[1] // 8


def _decode(data: bytes, encoding: tuple[int, int], n_channels: int) -> NDArray[np.float64]:
    """Return samples as float64 of shape (n_samples, n_channels), with integers scaled to -1 to 1."""
    sample_format, bits = encoding
    if bits == 24:
        packed = np.frombuffer(data, "u1").reshape(-1, 3)
        padded = np.zeros((len(packed), 4), dtype="u1")
        padded[:, 1:] = packed
        samples = padded.view("<i4")[:, 0] / 2.0**31
    else:
        samples = np.frombuffer(data, _TYPES[encoding]).astype(np.float64)
        if sample_format == _PCM:
            samples = (samples - 128) / 128 if bits == 8 else samples / 2.0 ** (bits - 1)
    return samples.reshape(-1, n_channels)


def _resample(mono: NDArray[np.float32], rate: int, target_rate: int) -> NDArray[np.float32]:
    """Return the samples at another rate, by cutting or padding their Fourier transform."""
    if rate == target_rate:
        return mono
    length = max(1, round(len(mono) * target_rate / rate))
    spectrum = np.fft.rfft(mono)[: length // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, length) * (length / len(mono)), dtype=np.float32)


def _hop(rate: int) -> int:
    return max(1, round(_HOP_SECONDS * rate))


@lru_cache(maxsize=16)
def _window(rate: int) -> NDArray[np.float64]:
    """Return a Hann window of about 30 ms, with a power of two as its number of samples."""
    size = 1 << round(np.log2(_WINDOW_SECONDS * rate))
    return np.asarray(np.hanning(size + 1)[:-1])


@lru_cache(maxsize=16)
def _filters(rate: int) -> NDArray[np.float64]:
    """Return triangular filters, spaced evenly on the mel scale up to half the rate: shape (n_frequencies, N_MELS).

    The scale is D. O'Shaughnessy's, mel = 2595 log10(1 + Hz / 700) (Speech communication, 1987).
    """
    frequencies = np.fft.rfftfreq(len(_window(rate)), 1 / rate)
    highest = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, highest, N_MELS + 2) / 2595) - 1)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies[:, None] - low) / (middle - low)
    falling = (high - frequencies[:, None]) / (high - middle)
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None))
