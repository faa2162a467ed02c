"""The form of one version's answers, which every codec writes them by."""

from dataclasses import dataclass
from typing import Self

from app.bundle.manifest import Manifest
from app.codecs.json_encoder import JsonEncoder


@dataclass(frozen=True, slots=True)
class ResponseSchema:
    """The form of one version's answers. Safe to share between threads.

    `labels` are None where the model predicts a value, `features` the names that explanations are told by, `columns`
    those of a table of predictions, and `json_encoder` the compiled writer of the JSON form.
    """

    labels: tuple[str, ...] | None
    features: tuple[str, ...]
    columns: tuple[str, ...]
    json_encoder: JsonEncoder

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """Return the form of the answers of a manifest's model."""
        probabilities = [f"p_{label}" for label in manifest.labels or ()]
        review = ["review"] if manifest.review else []
        return cls(
            labels=manifest.labels,
            features=tuple(feature.name for feature in manifest.features),
            columns=("prediction", *probabilities, *review),
            json_encoder=JsonEncoder(manifest),
        )
