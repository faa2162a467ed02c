"""The insights of a release are of the answers that the service would give, and stand in its report and card."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.bundle.manifest import Task
from tests.training.releases import make_release
from training.evaluation.calibration import CalibrationChoice
from training.evaluation.decision import Decision
from training.evaluation.importance import permutation_importances
from training.evaluation.insights import Insights, compute_insights
from training.evaluation.metrics import HEADLINE
from training.publishing.publish import publish
from training.release import Release

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


def with_insights(task: Task = "binary", decision: Decision | None = None) -> Release:
    """A release told by a column of two groups of 25 and 5 test rows, which is no feature."""
    release = make_release(task, decision)
    table = replace(release.model.table, segments={"sex": ["f"] * 75 + ["m"] * 5})
    model = replace(release.model, table=table)
    ranked = permutation_importances(model, 1)
    return replace(release, model=model, importances=ranked, insights=compute_insights(model, ranked, 1))


@pytest.mark.parametrize("task", TASKS)
def test_intervals_hold_the_headline_metrics_of_the_verdict(task: Task) -> None:
    release = with_insights(task)
    found = release.insights.intervals
    assert tuple(found) == HEADLINE[task]
    for name, one in found.items():
        assert one.value == pytest.approx(release.verdict.test.metrics[name])
        assert one.low < one.value < one.high


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_explained_in_the_report_and_the_card(tmp_path: Path, task: Task) -> None:
    publish(tmp_path, with_insights(task))
    folder = tmp_path / "credit" / "1" / "report"
    html, card = ((folder / name).read_text(encoding="utf-8") for name in ("report.html", "model_card.md"))
    for one in ("worst", "segments", "dependence"):
        assert f'<section id="{one}">' in html
        assert f'<a href="#{one}">' in html
    assert "### By sex" in card
    assert "too few rows" in card


def test_segments_and_worst_errors_follow_the_decision() -> None:
    decision = Decision(0.0, None, CalibrationChoice(None, {}))
    found = with_insights("binary", decision).insights
    (sex,) = found.segmentations
    assert sex.segments[0].estimates["selection_rate"].value == 1.0
    assert {one.predicted for one in found.worst_errors} == {make_release().model.table.labels[1]}  # type: ignore[index]


def test_a_release_without_insights_tells_none() -> None:
    assert make_release().insights == Insights()
