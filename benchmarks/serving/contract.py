"""Names that all servers share. Imports nothing heavy, so that no server starts slower for another's needs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

NAME, LABELS = "bench", ("good", "bad")
FEATURES = tuple(f"feature_{index:02}" for index in range(30))
MODEL = Path("models") / NAME / "1" / "model.onnx"
"""Path of the graph, relative to the benchmark's folder."""


def answer(values: Sequence[float]) -> dict[str, Any]:
    """Return probabilities of the second label, one per row, in the form of Slipway's answer."""
    good, bad = LABELS
    return {
        "predictions": [
            {
                "label": bad if value >= 0.5 else good,
                "probability": value if value >= 0.5 else 1.0 - value,
                "probabilities": {good: 1.0 - value, bad: value},
            }
            for value in values
        ],
        "model": {"name": NAME, "version": 1},
    }
