"""A trained model: the exported graph with its decision, and the data that it was fitted to and is evaluated on."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.bundle.outputs import decode
from app.bundle.preprocessor import Columns
from app.bundle.transforms import Tensors
from training.config import Config
from training.data.normalize import Prepared
from training.data.table import Splits, Table, take_rows
from training.errors import ParityError
from training.evaluation.decision import UNCALIBRATED, Decision, choose_decision
from training.export.runtime import Graph

BATCH_SIZE = 4096

Answers = NDArray[np.float64]
"""Decoded answers, of the shape of `app.bundle.outputs.decode`: (n_rows, n_labels) or, for regression, (n_rows, 1)."""


@dataclass(frozen=True)  # without slots: the answers to the held-out splits are computed once, on demand
class TrainedModel:
    """A model as it will be served: `graph` is the exported ONNX, `decision` how its output becomes an answer."""

    table: Table
    splits: Splits
    prepared: Prepared
    graph: bytes
    decision: Decision = UNCALIBRATED

    @cached_property
    def session(self) -> Graph:
        """The graph loaded in onnxruntime, which raises exceptions of its own where it refuses the graph."""
        return Graph(self.graph)

    def answer(self, tensors: Tensors) -> Answers:
        """Return the answers to rows, given as normalized tensors, as the service gives them: decoded, calibrated."""
        return self._calibrated(self._decode(tensors))

    @cached_property
    def uncalibrated_validation_answers(self) -> Answers:
        """The answers to the validation split before calibration."""
        return self._decode(self.prepared.validation.tensors)

    @cached_property
    def uncalibrated_test_answers(self) -> Answers:
        """The answers to the test split before calibration."""
        return self._decode(self.prepared.test.tensors)

    @cached_property
    def validation_answers(self) -> Answers:
        """The answers to the validation split as the service gives them."""
        return self._calibrated(self.uncalibrated_validation_answers)

    @cached_property
    def test_answers(self) -> Answers:
        """The answers to the test split as the service gives them."""
        return self._calibrated(self.uncalibrated_test_answers)

    @property
    def train_columns(self) -> Columns:
        """The features' cells in the train split."""
        return take_rows(self.table.columns, self.splits.train)

    def _decode(self, tensors: Tensors) -> Answers:
        outputs = self.session.run(tensors, BATCH_SIZE)
        return decode(self.table.task, outputs, self.prepared.normalization.target)

    def _calibrated(self, answers: Answers) -> Answers:
        calibrate = self.decision.calibrate
        return calibrate(answers) if calibrate else answers


def with_decision(model: TrainedModel, config: Config) -> TrainedModel:
    """Return the model with the decision that the configuration asks for, chosen on the validation split.

    A regression has nothing to decide. Raises InputError where no decision meets the configuration, ParityError where
    the graph cannot be run or gives an answer that is not finite.
    """
    if model.table.task == "regression":
        return model
    try:
        probabilities = model.uncalibrated_validation_answers
    except Exception as error:  # onnxruntime's exceptions share no base but this
        raise ParityError(f"onnxruntime refuses the exported graph: {error}") from error
    if not np.isfinite(probabilities).all():
        raise ParityError("every answer must be finite, the exported graph gives some that are not")
    truth = model.table.target[model.splits.validation]
    return replace(model, decision=choose_decision(model.table.task, probabilities, truth, config))
