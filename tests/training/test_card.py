"""The model card tells what there is to tell, in Markdown that a user's text cannot break."""

from dataclasses import replace

import pytest

from app.bundle.features import NumberFeature
from app.bundle.manifest import Task
from tests.training.test_report import report_input
from training.card import render_card
from training.decision import Decision


def sections(card: str) -> list[str]:
    return [line.removeprefix("## ") for line in card.splitlines() if line.startswith("## ")]


@pytest.mark.parametrize(
    ("task", "own"),
    [("binary", ["Calibration", "Decision"]), ("multiclass", ["Calibration", "Decision"]), ("regression", [])],
)
def test_every_task_has_its_sections(task: Task, own: list[str]) -> None:
    labels = ("good", "bad") if task == "binary" else ("red", "green", "blue")
    card = render_card(report_input(task, labels))
    assert sections(card) == ["Purpose", "Data", "Features", "Metrics", *own, "Limits", "Proof", "Provenance"]


def test_metrics_threshold_provenance_and_findings_are_told() -> None:
    report = replace(report_input(), decision=Decision(0.25, (0.2, 0.3)))
    card = render_card(report)
    assert f"| ROC-AUC | {report.test.metrics['roc_auc']:.3f} |" in card
    assert "from a probability of 0.25" in card
    assert "from 0.2 to 0.3 are marked for review" in card
    assert report.provenance.data_sha256 in card
    assert "two cells hold a blank" in card


def test_a_name_cannot_add_a_column_or_markup() -> None:
    report = report_input()
    feature = NumberFeature(name="income", nullable=True, minimum=0, description="a | b\n<script>*x*")
    card = render_card(replace(report, features=(feature, report.features[1])))
    (line,) = [one for one in card.splitlines() if one.startswith("| income")]
    assert "a number, at least 0" in line
    assert r"a \| b &lt;script&gt;\*x\*" in line
