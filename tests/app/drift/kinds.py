"""Rows of a population with a feature of each kind whose drift is measured by a summary, such as its length."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np

from app.bundle.media import sounds
from app.bundle.transforms import Feature
from app.bundle.transforms.audio import AudioFeature
from app.bundle.transforms.ids import ItemFeature, UserFeature
from app.bundle.transforms.image import ImageFeature
from app.bundle.transforms.series import SeriesFeature
from app.bundle.transforms.text import TextFeature
from tests import kind_bundles
from tests.app.drift.samples import Rows
from tests.media import picture

FEATURES: tuple[Feature, ...] = (
    TextFeature(name="review", nullable=True, missing_values=("n/a",)),
    ImageFeature(name="photo", nullable=True, height=6, width=6, channels=1),
    AudioFeature(name="voice", nullable=True, sample_rate=1000, seconds=0.2),
    SeriesFeature(name="load", nullable=True),
    UserFeature(name="who", nullable=True),
    ItemFeature(name="what", nullable=True),
)
QUANTITIES = [
    ("review", "length"),
    ("photo", "brightness"),
    ("voice", "level"),
    ("load", "length"),
    ("load", "mean"),
    ("who", "rank"),
    ("what", "rank"),
]
TONE = np.sin(np.arange(200) * 0.8)
WORDS = ["good", "bad", "room", "food", "staff", "view", "price", "clean", "noise", "bed"]


class RowGenerator:
    """Random rows of a population; keyword arguments override its attributes, to make it drift."""

    brightness = 100.0
    hiss = 0.02
    level = 0.0
    steps = (5, 20)
    words = (2, 12)
    popular = 8.0
    """The higher it is, the fewer ids have most of the rows."""

    def __init__(self, seed: int, **drift: Any) -> None:
        self.random = np.random.default_rng(seed)
        vars(self).update(drift)

    def row(self) -> dict[str, Any]:
        """Return a random row in the form of a request."""
        random = self.random
        pixels = random.normal(random.normal(self.brightness, 15), 10, (6, 6)).clip(0, 255).astype(np.uint8)
        hiss = self.hiss * random.uniform(0.5, 2)
        mono = TONE + random.normal(0, hiss, len(TONE))
        series = random.normal(self.level + random.normal(), 0.5, random.integers(*self.steps))
        return {
            "review": " ".join(random.choice(WORDS, random.integers(*self.words))),
            "photo": b64encode(picture(pixels)).decode(),
            "voice": b64encode(sounds.encode_wav(mono.astype(np.float32), 1000)).decode(),
            "load": series.tolist(),
            "who": f"u{self._id(300)}",
            "what": f"i{self._id(60)}",
        }

    def _id(self, count: int) -> int:
        return int(count * self.random.random() ** self.popular)


def rows(n_rows: int, seed: int, **drift: Any) -> Rows:
    """Return rows of the population, or of one that drifted."""
    generator = RowGenerator(seed, **drift)
    return [generator.row() for _ in range(n_rows)]


def publish(models: Path, n_rows: int = 1000) -> None:
    """Publish a bundle named `any` with its reference."""
    train, held_out = (_columns(rows(n_rows, seed)) for seed in (1, 2))
    kind_bundles.publish(models, FEATURES, train, held_out=held_out)


def _columns(rows: Rows) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}
