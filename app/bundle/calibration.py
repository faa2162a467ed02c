"""How a bundle's probabilities are corrected, so that of the rows with 70 % about 70 % turn out so."""

from collections.abc import Callable
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from app.bundle.errors import Frozen

FLOOR = 1e-5
"""Added to each probability before its logarithm is scaled: so near 0 and 1 two runtimes agree on no digit."""

MAX_TEMPERATURE = 4.0
MAX_SLOPE = 100.0
"""With both, 5e-8 of a sigmoid near 0, or 1e-6 elsewhere, stays below 1e-4: what golden answers may differ by."""

Probability = Annotated[float, Field(ge=0, le=1)]
Calibrate = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Float64 probabilities of shape (n_rows, n_labels) to calibrated ones of the same shape."""


class Temperature(Frozen):
    """Logits divided by a number: above 1 the probabilities were too sure of themselves (Guo et al., 2017)."""

    method: Literal["temperature"] = "temperature"
    temperature: Annotated[float, Field(ge=1 / MAX_TEMPERATURE, le=MAX_TEMPERATURE)]

    def calibrate(self) -> Calibrate:
        """The correction, which keeps the order of the labels and, of two labels, that of the rows."""
        exponent = 1 / self.temperature

        def apply(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
            scaled: NDArray[np.float64] = (probabilities + FLOOR) ** exponent
            scaled /= scaled.sum(axis=1, keepdims=True)
            return scaled

        return apply


class Isotonic(Frozen):
    """A rising line through points (`predicted`, `observed`) of the second of two labels, level beyond its ends."""

    method: Literal["isotonic"] = "isotonic"
    predicted: Annotated[tuple[Probability, ...], Field(min_length=1)]
    observed: tuple[Probability, ...]

    @model_validator(mode="after")
    def _the_points_rise(self) -> Self:
        if len(self.predicted) != len(self.observed):
            raise ValueError(f"each point needs two numbers, found {len(self.predicted)} and {len(self.observed)}")
        steps, rises = np.diff(self.predicted), np.diff(self.observed)
        if not ((steps > 0).all() and (rises >= 0).all() and (rises <= MAX_SLOPE * steps * (1 + 1e-9)).all()):
            raise ValueError(f"the points must rise, by at most {MAX_SLOPE:g} times what the predicted one does")
        return self

    def calibrate(self) -> Calibrate:
        """The correction, which keeps the order of the rows but for those beyond the ends, which become alike."""
        predicted, observed = np.array(self.predicted), np.array(self.observed)

        def apply(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
            positive = np.interp(probabilities[:, 1:], predicted, observed)
            return np.concatenate([1.0 - positive, positive], axis=1)

        return apply


Calibration = Annotated[Temperature | Isotonic, Field(discriminator="method")]
