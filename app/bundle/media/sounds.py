"""WAV to samples to a log-mel spectrogram, in numpy alone."""

import io
import struct
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MAX_CHANNELS = 8
RATES = (1_000, 384_000)
"""Least and largest sample rate that is read, in Hz."""
N_MELS = 40
RULE = "must be a WAV file"

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_SIZE = 0xFFFFFFFF
"""What a program writes that could not go back to the head of a file."""
_WINDOW_SECONDS, _HOP_SECONDS = 0.03, 0.01
_FLOOR_DECIBELS = -80.0
_TYPES = {(_PCM, 8): "u1", (_PCM, 16): "<i2", (_PCM, 32): "<i4", (_FLOAT, 32): "<f4", (_FLOAT, 64): "<f8"}


def samples(content: bytes, rate: int, seconds: float) -> NDArray[np.float32]:
    """The first `seconds` of a WAV, its channels' mean, at `rate` samples a second; raises ValueError with the rule."""
    own_rate, n_channels, code, data = _parse(content)
    block = _decode(data[: n_channels * _width(code) * int(np.ceil(seconds * own_rate))], code, n_channels)
    with np.errstate(over="ignore"):
        mono = block.mean(axis=1).astype(np.float32)
    if not np.isfinite(mono).all():
        raise ValueError("must be a WAV file of finite samples")
    return _resample(mono, own_rate, rate)[: n_samples(rate, seconds)]


def shape(content: bytes) -> tuple[int, float]:
    """Sample rate and seconds of a WAV; raises ValueError as `samples` does."""
    rate, n_channels, code, data = _parse(content)
    return rate, len(data) / (n_channels * _width(code) * rate)


def wav(mono: NDArray[np.float32], rate: int) -> bytes:
    """A WAV of float32 samples, which `samples` reads as they are."""
    stream, data = io.BytesIO(), mono.astype("<f4").tobytes()
    stream.write(struct.pack("<4sI4s", b"RIFF", 36 + len(data), b"WAVE"))
    stream.write(struct.pack("<4sIHHIIHH", b"fmt ", 16, _FLOAT, 1, rate, 4 * rate, 4, 32))
    stream.write(struct.pack("<4sI", b"data", len(data)))
    stream.write(data)
    return stream.getvalue()


def n_samples(rate: int, seconds: float) -> int:
    """Of a sound that is cut or padded to `seconds`."""
    return max(1, round(rate * seconds))


def n_frames(rate: int, seconds: float) -> int:
    """Of its spectrogram."""
    return -(-n_samples(rate, seconds) // _hop(rate))


def log_mel(mono: NDArray[np.float32], rate: int, seconds: float) -> NDArray[np.float32]:
    """The loudness of N_MELS bands, a frame each 10 ms: float32 of shape (n_frames, N_MELS), silence at the end.

    In decibels below the loudest, which is 0, down to -80.
    """
    window = _window(rate)
    padded = np.zeros((n_frames(rate, seconds) - 1) * _hop(rate) + len(window))
    kept = mono[: len(padded)]
    padded[: len(kept)] = kept
    frames = np.lib.stride_tricks.sliding_window_view(padded, len(window))[:: _hop(rate)] * window
    power = np.square(np.abs(np.fft.rfft(frames))) @ _filters(rate)
    loudest = power.max()
    if loudest == 0:
        return np.full(power.shape, _FLOOR_DECIBELS, dtype=np.float32)
    least = 10 ** (_FLOOR_DECIBELS / 10)
    return np.asarray(10 * np.log10(np.maximum(power / loudest, least)), dtype=np.float32)


def _parse(content: bytes) -> tuple[int, int, tuple[int, int], bytes]:
    """Rate, number of channels, coding (format and bits), and the samples' bytes, of one frame at least."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError(RULE)
    form, first = b"", 12
    while first + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, first)
        body = content[first + 8 : first + 8 + size]
        if name == b"data":
            if len(body) < size != _UNKNOWN_SIZE:
                raise ValueError("must be a whole WAV file")
            return _judge(form, body)
        if name == b"fmt ":
            form = body
        first += 8 + size + size % 2
    raise ValueError("must be a whole WAV file")


def _judge(form: bytes, data: bytes) -> tuple[int, int, tuple[int, int], bytes]:
    if len(form) < 16:
        raise ValueError("must be a whole WAV file")
    coding, n_channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", form)
    if coding == _EXTENSIBLE and len(form) >= 26:
        (coding,) = struct.unpack_from("<H", form, 24)
    if (coding, bits) not in {*_TYPES, (_PCM, 24)}:
        raise ValueError("must be a WAV file in PCM of 8, 16, 24 or 32 bits or in float of 32 or 64")
    if not 1 <= n_channels <= MAX_CHANNELS or not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"must be a WAV file of 1 to {MAX_CHANNELS} channels at {RATES[0]} to {RATES[1]} Hz")
    width = n_channels * bits // 8
    data = data[: len(data) // width * width]
    if not data:
        raise ValueError("must be a WAV file with a sample or more")
    return rate, n_channels, (coding, bits), data


def _width(code: tuple[int, int]) -> int:
    return code[1] // 8


def _decode(data: bytes, code: tuple[int, int], n_channels: int) -> NDArray[np.float64]:
    """Float64 of shape (n_frames, n_channels), -1 to 1 where the samples are integers."""
    coding, bits = code
    if bits == 24:
        parts = np.frombuffer(data, "u1").reshape(-1, 3)
        values = np.zeros((len(parts), 4), dtype="u1")
        values[:, 1:] = parts
        block = values.view("<i4")[:, 0] / 2.0**31
    else:
        block = np.frombuffer(data, _TYPES[code]).astype(np.float64)
        if coding == _PCM:
            block = (block - 128) / 128 if bits == 8 else block / 2.0 ** (bits - 1)
    return block.reshape(-1, n_channels)


def _resample(mono: NDArray[np.float32], rate: int, wanted: int) -> NDArray[np.float32]:
    """At another rate, by its Fourier transform, without what the lower of the two rates cannot hold."""
    if rate == wanted:
        return mono
    length = max(1, round(len(mono) * wanted / rate))
    spectrum = np.fft.rfft(mono)[: length // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, length) * (length / len(mono)), dtype=np.float32)


def _hop(rate: int) -> int:
    return max(1, round(_HOP_SECONDS * rate))


@lru_cache(maxsize=16)
def _window(rate: int) -> NDArray[np.float64]:
    """Of a power of two of samples, about 30 ms."""
    size = 1 << round(np.log2(_WINDOW_SECONDS * rate))
    return np.asarray(np.hanning(size + 1)[:-1])


@lru_cache(maxsize=16)
def _filters(rate: int) -> NDArray[np.float64]:
    """Triangles, evenly spaced on the mel scale up to half the rate: shape (frequencies, N_MELS)."""
    frequencies = np.fft.rfftfreq(len(_window(rate)), 1 / rate)
    highest = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, highest, N_MELS + 2) / 2595) - 1)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies[:, None] - low) / (middle - low)
    falling = (high - frequencies[:, None]) / (high - middle)
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None))
