"""Normalization: fit statistics on the train split alone, then turn every split into tensors with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bundle.manifest import Task
from app.bundle.normalization import Normalization, TargetStatistics
from app.bundle.preprocessor import Preprocessor, fit
from app.bundle.transforms import Feature, Tensors
from app.bundle.transforms.number import NumberFeature, NumberTransform
from training.data.table import Splits, Table, take_rows
from training.errors import InputError


@dataclass(frozen=True, slots=True)
class Examples:
    """One split in the form that the network reads.

    `targets` is float32 of shape (n_rows, 1) holding 0 or 1 (binary) or the standardized value (regression), or
    int32 of shape (n_rows,) holding indices into the labels (multiclass).
    """

    tensors: Tensors
    targets: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The splits as tensors, and the normalization that was fitted to the train split."""

    features: tuple[Feature, ...]
    task: Task
    labels: tuple[str, ...] | None
    normalization: Normalization
    preprocessor: Preprocessor
    train: Examples
    validation: Examples
    test: Examples


def prepare(table: Table, splits: Splits) -> Prepared:
    """Fit the normalization to the train split and turn every split into tensors with the bundle's transforms.

    Raises InputError where a number feature has no value in the train split.
    """
    normalization = _fit(table, splits.train)
    preprocessor = Preprocessor(table.features, normalization)

    def examples(rows: NDArray[np.int64]) -> Examples:
        tensors = preprocessor.normalize(preprocessor.vectorize(preprocessor.read(take_rows(table.columns, rows))))
        return Examples(tensors, _targets(table, rows, normalization.target))

    return Prepared(
        features=table.features,
        task=table.task,
        labels=table.labels,
        normalization=normalization,
        preprocessor=preprocessor,
        train=examples(splits.train),
        validation=examples(splits.validation),
        test=examples(splits.test),
    )


def tensors_from_rows(rows: Sequence[Mapping[str, Any]], preprocessor: Preprocessor) -> Tensors:
    """Return the graph's inputs for rows in a request's form, through the same functions as the service."""
    return preprocessor.normalize(preprocessor.vectorize(preprocessor.columns(rows)))


def _fit(table: Table, train: NDArray[np.int64]) -> Normalization:
    try:
        normalization = fit(table.features, take_rows(table.columns, train))
    except ValueError as error:
        raise InputError(str(error)) from error
    if table.task != "regression":
        return normalization
    as_feature = NumberFeature(name=table.target_name, nullable=False)
    fitted = NumberTransform.fit(as_feature, table.target[train])
    target = TargetStatistics(mean=fitted.mean, standard_deviation=fitted.standard_deviation)
    return normalization.model_copy(update={"target": target})


def _targets(table: Table, rows: NDArray[np.int64], statistics: TargetStatistics | None) -> NDArray[Any]:
    target = table.target[rows]
    if table.task == "multiclass":
        return target.astype(np.int32)
    if statistics is not None:
        target = (target - statistics.mean) / statistics.standard_deviation
    return target.astype(np.float32)[:, None]
