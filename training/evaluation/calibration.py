"""Calibration: of the ways to correct the probabilities, the one that does best on validation rows left out of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.isotonic import IsotonicRegression

from app.bundle.calibration import MAX_SLOPE, MAX_TEMPERATURE, Calibrate, Calibration, Isotonic, Temperature
from app.bundle.manifest import Task

MIN_ROWS = 50
"""Fewer validation rows than this tell no miscalibration from chance."""
MIN_ISOTONIC_ROWS = 1000
"""Below, isotonic regression overfits (Niculescu-Mizil & Caruana, 2005); of 400 rows it won by chance and did harm."""
N_FOLDS = 5

Probabilities = NDArray[np.float64]
Fit = Callable[[Probabilities, NDArray[np.int64]], Calibration]


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The calibration that won, None where none helps, and each method's log loss on rows that it was not fitted on."""

    chosen: Calibration | None
    losses: Mapping[str, float]


def calibrate(task: Task, probabilities: Probabilities, truth: NDArray[np.int64], seed: int) -> Calibrated:
    """The calibration of a classification's validation split.

    `probabilities` are of shape (n_rows, n_labels), `truth` label indices of shape (n_rows,). Each method is fitted on
    four fifths of the rows and judged on the fifth, in turn, so that none wins by remembering rows. One that is less
    simple must win by more than the standard error.
    """
    if len(truth) < MIN_ROWS:
        return Calibrated(None, {})
    fits: dict[str, Fit] = {"temperature": fit_temperature}
    if task == "binary" and len(truth) >= MIN_ISOTONIC_ROWS:
        fits["isotonic"] = fit_isotonic
    losses = {"none": _log_losses(probabilities, truth)}
    folds = _folds(truth, seed)
    for method, fit in fits.items():
        held_out = np.empty_like(probabilities)
        for fold in range(N_FOLDS):
            out = folds == fold
            held_out[out] = fit(probabilities[~out], truth[~out]).calibrate()(probabilities[out])
        losses[method] = _log_losses(held_out, truth)
    best = _simplest_of_the_best(losses)
    chosen = None if best == "none" else fits[best](probabilities, truth)
    return Calibrated(chosen, {method: float(loss.mean()) for method, loss in losses.items()})


def fit_temperature(probabilities: Probabilities, truth: NDArray[np.int64]) -> Temperature:
    """The temperature of the least log loss."""

    def loss(logarithm: float) -> float:
        calibrated = Temperature(temperature=np.exp(logarithm)).calibrate()(probabilities)
        return float(_log_losses(calibrated, truth).mean())

    widest = np.log(MAX_TEMPERATURE) * (1 - 1e-9)  # exp and log do not return to the very bound
    found = minimize_scalar(loss, bounds=(-widest, widest), method="bounded")
    return Temperature(temperature=float(np.exp(found.x)))


def fit_isotonic(probabilities: Probabilities, truth: NDArray[np.int64]) -> Isotonic:
    """Isotonic regression through its blocks' centres (Oron & Flournoy, 2017), which leaves steps and ties out.

    It is fitted to Platt's targets (1999), so that no row gets a probability of 0 or 1.
    """
    positive, n_positive = probabilities[:, 1], int(truth.sum())
    low, high = 1 / (len(truth) - n_positive + 2), (n_positive + 1) / (n_positive + 2)
    levels = IsotonicRegression().fit_transform(positive, np.where(truth == 1, high, low))
    blocks = []
    for level in np.unique(levels):
        inside = positive[levels == level]
        blocks.append((float(inside.mean()), float(level), len(inside)))
    points = _gentle(blocks)
    return Isotonic(predicted=tuple(x for x, _, _ in points), observed=tuple(y for _, y, _ in points))


def reach(calibrate: Calibrate, tolerance: float) -> float:
    """How far a calibrated probability goes at most where the one before goes by the tolerance."""
    steps = 16
    positive = np.linspace(0, 1, round(steps / tolerance) + 1)[:, None]
    calibrated = calibrate(np.concatenate([1 - positive, positive], axis=1))[:, 1]
    return float((calibrated[steps:] - calibrated[:-steps]).max())


def _gentle(blocks: list[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    """The blocks (x, y, weight), ascending, neighbours merged where the line between them is too steep to serve."""
    merged: list[tuple[float, float, int]] = []
    for one in blocks:
        block = one
        while merged and block[1] - merged[-1][1] > MAX_SLOPE * (block[0] - merged[-1][0]):
            block = _merge(merged.pop(), block)
        merged.append(block)
    return merged


def _merge(one: tuple[float, float, int], other: tuple[float, float, int]) -> tuple[float, float, int]:
    weight = one[2] + other[2]
    x, y = ((one[axis] * one[2] + other[axis] * other[2]) / weight for axis in (0, 1))
    return x, y, weight


def _simplest_of_the_best(losses: Mapping[str, NDArray[np.float64]]) -> str:
    """The method, simplest first, that none after it beats by more than the standard error of their difference."""
    best, *others = losses
    for method in others:
        gain = losses[best] - losses[method]
        if gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)):
            best = method
    return best


def _folds(truth: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """A fold a row, every label spread evenly over them."""
    order = np.lexsort((np.random.default_rng(seed).random(len(truth)), truth))
    folds = np.empty(len(truth), dtype=np.int64)
    folds[order] = np.arange(len(truth)) % N_FOLDS
    return folds


def _log_losses(probabilities: Probabilities, truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of shape (n_rows,), finite also where a label was held impossible."""
    of_truth = np.take_along_axis(probabilities, truth[:, None], axis=1)[:, 0]
    losses: NDArray[np.float64] = -np.log(np.maximum(of_truth, np.finfo(np.float64).eps))
    return losses
