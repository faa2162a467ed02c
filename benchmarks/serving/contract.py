"""What all servers agree on; imports nothing, so that no server pays for another's needs at its start."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

NAME, LABELS = "bench", ("good", "bad")
FEATURES = tuple(f"feature_{index:02}" for index in range(30))
MODEL = Path("models") / NAME / "1" / "model.onnx"
"""The graph, below the folder that the harness makes."""


def answer(values: Sequence[float]) -> dict[str, Any]:
    """Probabilities of the second label, one a row, in the form of Slipway's answer."""
    good, bad = LABELS
    return {
        "predictions": [
            {
                "label": bad if one >= 0.5 else good,
                "probability": one if one >= 0.5 else 1.0 - one,
                "probabilities": {good: 1.0 - one, bad: one},
            }
            for one in values
        ],
        "model": {"name": NAME, "version": 1},
    }
