"""Calibration: choose the correction of the probabilities that does best on validation rows held out from its fit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.isotonic import IsotonicRegression

from app.bundle.calibration import MAX_SLOPE, MAX_TEMPERATURE, Calibration, Calibrator, Isotonic, Temperature
from app.bundle.manifest import Task

MIN_ROWS = 50
"""With fewer validation rows, miscalibration cannot be told from chance."""
MIN_ISOTONIC_ROWS = 1000
"""Below, isotonic regression overfits (Niculescu-Mizil & Caruana, 2005): on 400 rows it won by chance and did harm."""
N_FOLDS = 5

Probabilities = NDArray[np.float64]
"""Float64 of shape (n_rows, n_labels), each row summing to 1."""
Fit = Callable[[Probabilities, NDArray[np.int64]], Calibration]


@dataclass(frozen=True, slots=True)
class CalibrationChoice:
    """The calibration that won, None where none helps, and the mean held-out log loss of each method tried."""

    chosen: Calibration | None
    losses: Mapping[str, float]


def choose_calibration(
    task: Task, probabilities: Probabilities, truth: NDArray[np.int64], seed: int
) -> CalibrationChoice:
    """Choose the calibration of a classification on its validation split.

    `truth` holds label indices, of shape (n_rows,). Methods are compared by cross-validation, so that none wins by
    memorizing rows, and a more complex one must win by more than the standard error (the one-standard-error rule,
    Breiman et al., 1984).
    """
    if len(truth) < MIN_ROWS:
        return CalibrationChoice(None, {})
    fits: dict[str, Fit] = {"temperature": fit_temperature}
    if task == "binary" and len(truth) >= MIN_ISOTONIC_ROWS:
        fits["isotonic"] = fit_isotonic
    losses = {"none": _log_losses(probabilities, truth)}
    folds = _stratified_folds(truth, seed)
    for method, fit in fits.items():
        calibrated = np.empty_like(probabilities)
        for fold in range(N_FOLDS):
            held_out = folds == fold
            fitted = fit(probabilities[~held_out], truth[~held_out])
            calibrated[held_out] = fitted.calibrator()(probabilities[held_out])
        losses[method] = _log_losses(calibrated, truth)
    best = _simplest_of_the_best(losses)
    chosen = None if best == "none" else fits[best](probabilities, truth)
    return CalibrationChoice(chosen, {method: float(loss.mean()) for method, loss in losses.items()})


def fit_temperature(probabilities: Probabilities, truth: NDArray[np.int64]) -> Temperature:
    """Fit temperature scaling (Guo et al., 2017): return the temperature of least log loss."""

    def loss(log_temperature: float) -> float:
        calibrated = Temperature(temperature=np.exp(log_temperature)).calibrator()(probabilities)
        return float(_log_losses(calibrated, truth).mean())

    bound = np.log(MAX_TEMPERATURE) * (1 - 1e-9)  # exp(log(x)) may exceed x by rounding
    minimum = minimize_scalar(loss, bounds=(-bound, bound), method="bounded")
    return Temperature(temperature=float(np.exp(minimum.x)))


def fit_isotonic(probabilities: Probabilities, truth: NDArray[np.int64]) -> Isotonic:
    """Fit centered isotonic regression (Oron & Flournoy, 2017) to the positive label's probability.

    Interpolating between the centers of its blocks avoids the steps, and so the ties, of plain isotonic regression.
    The targets are Platt's (1999), so that no row gets a probability of 0 or 1.
    """
    positive, n_positive = probabilities[:, 1], int(truth.sum())
    low, high = 1 / (len(truth) - n_positive + 2), (n_positive + 1) / (n_positive + 2)
    levels = IsotonicRegression().fit_transform(positive, np.where(truth == 1, high, low))
    blocks = []
    for level in np.unique(levels):
        inside = positive[levels == level]
        blocks.append((float(inside.mean()), float(level), len(inside)))
    points = _limit_slope(blocks)
    return Isotonic(predicted=tuple(x for x, _, _ in points), observed=tuple(y for _, y, _ in points))


def calibrated_tolerance(calibrate: Calibrator, tolerance: float) -> float:
    """Return how far apart two calibrated probabilities can be that are `tolerance` apart before calibration."""
    steps = 16
    positive = np.linspace(0, 1, round(steps / tolerance) + 1)[:, None]
    calibrated = calibrate(np.concatenate([1 - positive, positive], axis=1))[:, 1]
    return float((calibrated[steps:] - calibrated[:-steps]).max())


Block = tuple[float, float, int]
"""A block's mean prediction, its level and its number of rows."""


def _limit_slope(blocks: list[Block]) -> list[Block]:
    """Merge neighbours among ascending blocks until no line between two is steeper than MAX_SLOPE."""
    merged: list[Block] = []
    for following in blocks:
        block = following
        while merged and block[1] - merged[-1][1] > MAX_SLOPE * (block[0] - merged[-1][0]):
            block = _merge(merged.pop(), block)
        merged.append(block)
    return merged


def _merge(first: Block, second: Block) -> Block:
    n_rows = first[2] + second[2]
    x, y = ((first[axis] * first[2] + second[axis] * second[2]) / n_rows for axis in (0, 1))
    return x, y, n_rows


def _simplest_of_the_best(losses: Mapping[str, NDArray[np.float64]]) -> str:
    """Return the method, simplest first, that no later one beats by more than the difference's standard error."""
    best, *others = losses
    for method in others:
        gain = losses[best] - losses[method]
        if gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)):
            best = method
    return best


def _stratified_folds(truth: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return the fold of each row, every label spread evenly over the folds."""
    order = np.lexsort((np.random.default_rng(seed).random(len(truth)), truth))
    folds = np.empty(len(truth), dtype=np.int64)
    folds[order] = np.arange(len(truth)) % N_FOLDS
    return folds


def _log_losses(probabilities: Probabilities, truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each row's log loss, of shape (n_rows,), finite even where the true label has probability 0."""
    of_truth = np.take_along_axis(probabilities, truth[:, None], axis=1)[:, 0]
    losses: NDArray[np.float64] = -np.log(np.maximum(of_truth, np.finfo(np.float64).eps))
    return losses
