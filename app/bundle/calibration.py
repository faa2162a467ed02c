"""Calibration of a bundle's probabilities: of the rows predicted with 70 %, about 70 % should have the label."""

from collections.abc import Callable
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from app.bundle.errors import BundleModel

PROBABILITY_OFFSET = 1e-5
"""Added to each probability before its logit is scaled, because near 0 and 1 two runtimes agree on no digit of it."""

MAX_TEMPERATURE = 4.0
MAX_SLOPE = 100.0
"""Together they keep rounding errors (5e-8 near 0, 1e-6 elsewhere) below 1e-4, the tolerance of golden answers."""

Probability = Annotated[float, Field(ge=0, le=1)]
Calibrator = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Maps float64 probabilities of shape (n_rows, n_labels) to calibrated ones of the same shape."""


class Temperature(BundleModel):
    """Temperature scaling: all logits are divided by one number, above 1 where the network is overconfident.

    Source: C. Guo et al., On calibration of modern neural networks, ICML 2017.
    """

    method: Literal["temperature"] = "temperature"
    temperature: Annotated[float, Field(ge=1 / MAX_TEMPERATURE, le=MAX_TEMPERATURE)]

    def calibrator(self) -> Calibrator:
        """Return the calibration, which keeps the order of each row's labels and, with two labels, that of the rows."""
        exponent = 1 / self.temperature

        def apply(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
            scaled: NDArray[np.float64] = (probabilities + PROBABILITY_OFFSET) ** exponent
            scaled /= scaled.sum(axis=1, keepdims=True)
            return scaled

        return apply


class Isotonic(BundleModel):
    """Isotonic regression of the second of two labels: a monotonic line through points, constant beyond its ends.

    The points are (`predicted`, `observed`) probabilities. Source: B. Zadrozny and C. Elkan, Transforming classifier
    scores into accurate multiclass probability estimates, KDD 2002.
    """

    method: Literal["isotonic"] = "isotonic"
    predicted: Annotated[tuple[Probability, ...], Field(min_length=1)]
    observed: tuple[Probability, ...]

    @model_validator(mode="after")
    def _validate_points(self) -> Self:
        if len(self.predicted) != len(self.observed):
            raise ValueError(f"each point needs two numbers, found {len(self.predicted)} and {len(self.observed)}")
        steps, rises = np.diff(self.predicted), np.diff(self.observed)
        if not ((steps > 0).all() and (rises >= 0).all() and (rises <= MAX_SLOPE * steps * (1 + 1e-9)).all()):
            raise ValueError(f"the points must rise, with a slope of at most {MAX_SLOPE:g}")
        return self

    def calibrator(self) -> Calibrator:
        """Return the calibration, which keeps the order of the rows; those on a constant part become equal."""
        predicted, observed = np.array(self.predicted), np.array(self.observed)

        def apply(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
            positive = np.interp(probabilities[:, 1:], predicted, observed)
            return np.concatenate([1.0 - positive, positive], axis=1)

        return apply


Calibration = Annotated[Temperature | Isotonic, Field(discriminator="method")]
