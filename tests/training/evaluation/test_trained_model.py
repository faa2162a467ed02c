"""A trained model answers as the service does, and each held-out split once."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.bundle.calibration import Temperature
from app.bundle.manifest import Task
from app.bundle.outputs import decode
from tests import bundles
from tests.training.releases import SPLITS, make_release
from training.config import Config
from training.errors import ParityError
from training.evaluation.calibration import CalibrationChoice
from training.evaluation.decision import Decision
from training.evaluation.trained_model import BATCH_SIZE, with_decision
from training.export.runtime import Graph


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_answers_are_decoded_and_calibrated_as_the_service_s(task: Task) -> None:
    calibrated = CalibrationChoice(None if task == "regression" else Temperature(temperature=3.0), {})
    model = make_release(task, Decision(calibration_choice=calibrated)).model
    prepared = model.prepared
    outputs = Graph(model.graph).run(prepared.test.tensors, BATCH_SIZE)
    target = prepared.normalization.target
    np.testing.assert_array_equal(model.test_answers, decode(task, outputs, target, model.decision.calibrate))
    np.testing.assert_array_equal(model.uncalibrated_test_answers, decode(task, outputs, target))
    np.testing.assert_array_equal(model.test_answers, model.answer(prepared.test.tensors))


def test_each_held_out_split_is_run_through_the_graph_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_release().model
    runs: list[int] = []
    run = Graph.run

    def counted(graph: Graph, tensors: Any, batch_size: int) -> Any:
        runs.append(len(next(iter(tensors.values()))))
        return run(graph, tensors, batch_size)

    monkeypatch.setattr(Graph, "run", counted)
    model = replace(model)
    for _ in range(3):
        assert len(model.validation_answers) == len(SPLITS.validation)
        assert len(model.test_answers) == len(model.uncalibrated_test_answers) == len(SPLITS.test)
    assert runs == [len(SPLITS.validation), len(SPLITS.test)]


def test_the_train_columns_are_those_of_the_train_split() -> None:
    model = make_release().model
    assert {len(column) for column in model.train_columns.values()} == {len(SPLITS.train)}


def test_a_graph_that_onnxruntime_refuses_has_no_decision() -> None:
    with pytest.raises(ParityError, match="onnxruntime refuses the exported graph"):
        with_decision(replace(make_release().model, graph=bundles.graph("binary")[:-50]), Config())
