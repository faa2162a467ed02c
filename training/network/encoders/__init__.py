"""Feature extraction: one encoder per kind, one kind per module.

Tests: tests/training/network/test_network.py (every kind has an encoder), tests/training/test_text.py (scorers),
tests/training/test_recommend.py (interactions)
"""

from training.network.encoders import audio, boolean, category, date, ids, image, number, series, text
from training.network.encoders.base import Encoder

ENCODERS: dict[str, Encoder] = {
    encoder.kind: encoder
    for encoder in (
        number.ENCODER,
        category.ENCODER,
        boolean.ENCODER,
        date.ENCODER,
        text.ENCODER,
        series.ENCODER,
        image.ENCODER,
        audio.ENCODER,
        ids.USER_ENCODER,
        ids.ITEM_ENCODER,
    )
}
"""The encoders by kind."""
