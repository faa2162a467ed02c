"""The form in which every codec writes the answers of one version.

Tests: tests/app/codecs/test_csv_codec.py (columns of an answer), tests/app/models/test_decision.py (review)
"""

from dataclasses import dataclass
from typing import Self

from app.bundle.manifest import Manifest
from app.codecs.json_encoder import JsonEncoder


@dataclass(frozen=True, slots=True)
class ResponseSchema:
    """The form of one version's answers. Safe to share between threads.

    `labels` is None if the model predicts a value. `features` are the names under which contributions are listed,
    `columns` those of a table of predictions. `json_encoder` is the compiled writer of the JSON form.
    """

    labels: tuple[str, ...] | None
    features: tuple[str, ...]
    columns: tuple[str, ...]
    json_encoder: JsonEncoder

    @classmethod
    def from_manifest(cls, manifest: Manifest) -> Self:
        """Return the form of the answers of the model that a manifest describes."""
        probabilities = [f"p_{label}" for label in manifest.labels or ()]
        review = ["review"] if manifest.review else []
        return cls(
            labels=manifest.labels,
            features=tuple(feature.name for feature in manifest.features),
            columns=("prediction", *probabilities, *review),
            json_encoder=JsonEncoder(manifest),
        )
