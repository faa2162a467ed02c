"""Sounds to the network's blocks."""

import numpy as np
import pytest

from app.bundle.media import sounds
from app.bundle.media.base64_files import encode
from app.bundle.transforms.audio import AudioFeature, AudioTransform
from tests.media import tone

FEATURE = AudioFeature(name="call", nullable=True, sample_rate=8_000, seconds=0.3)
CELLS = [tone(hertz) for hertz in (200, 800, 3_000)]
TRANSFORM = AudioTransform([FEATURE], [AudioTransform.fit(FEATURE, [*CELLS, None])])
READER = TRANSFORM.reader(0)


def test_a_sound_is_a_block_standardized_by_band() -> None:
    block = TRANSFORM.normalize(TRANSFORM.vectorize([[READER(cell) for cell in CELLS]]))["audio_0"]
    assert block.shape == (3, 30, 40)
    assert block.dtype == np.float32
    np.testing.assert_allclose(block.mean(axis=(0, 1)), 0, atol=1e-4)


def test_base64_and_bytes_are_the_same_sound() -> None:
    assert (READER(encode(CELLS[0])) == READER(CELLS[0])).all()


def test_a_missing_sound_is_the_mean_of_all() -> None:
    block = TRANSFORM.normalize(TRANSFORM.vectorize_rows([[None], [READER(CELLS[0])]]))["audio_0"]
    assert (block[0] == 0).all()
    assert (block[1] != 0).any()


def test_a_train_split_without_sounds_is_refused() -> None:
    with pytest.raises(ValueError, match="'call' needs at least one sound"):
        AudioTransform.fit(FEATURE, [None])


def test_what_is_watched_is_the_mean_level_below_the_loudest() -> None:
    silence = READER(sounds.encode_wav(np.zeros(8_000, dtype=np.float32), 8_000))
    summary = TRANSFORM.summary(TRANSFORM.vectorize([[silence, READER(CELLS[0]), None]]))[:, 0, 0]
    np.testing.assert_allclose(summary, [-80, READER(CELLS[0]).mean(), np.nan], rtol=1e-5)
