"""The model card tells what there is to tell, in Markdown that a user's text cannot break."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.bundle.calibration import Temperature
from app.bundle.manifest import Task
from app.bundle.transforms.number import NumberFeature
from tests.training.report.reported import EXPLANATION, make_reported, with_table
from training.evaluation.calibration import CalibrationChoice
from training.evaluation.decision import Decision
from training.evaluation.importance import Importance
from training.evaluation.insights import Insights
from training.evaluation.intervals import Estimate
from training.evaluation.segments import evaluate_segments
from training.release import Release
from training.report.card import render_card


def render(release: Release) -> str:
    return render_card(release, version=7)


def with_decision(decision: Decision) -> Release:
    release = make_reported()
    return replace(release, model=replace(release.model, decision=decision))


def configured(**config: Any) -> str:
    """The card of a run with this configuration."""
    release = make_reported()
    return render(replace(release, provenance=release.provenance.model_copy(update={"config": config})))


def section(card: str, name: str) -> str:
    return card.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def segmented(column: str = "region", value: str = "north") -> str:
    """The card of a run with 60 test rows in a group, 40 in another and 5 in a third."""
    random = np.random.default_rng(0)
    truth, positive = random.integers(0, 2, 105), random.random(105)
    cells: list[float | str | None] = [value] * 60 + ["south"] * 40 + [None] * 5
    found = evaluate_segments("binary", {column: cells}, truth, np.stack([1 - positive, positive], axis=1), 0.5, seed=1)
    return render(replace(make_reported(), insights=Insights(segmentations=found)))


def sections(card: str) -> list[str]:
    return [line.removeprefix("## ") for line in card.splitlines() if line.startswith("## ")]


@pytest.mark.parametrize(
    ("task", "own"),
    [("binary", ["Calibration", "Decision"]), ("multiclass", ["Calibration", "Decision"]), ("regression", [])],
)
def test_every_task_has_its_sections(task: Task, own: list[str]) -> None:
    labels = ("good", "bad") if task == "binary" else ("red", "green", "blue")
    card = render(make_reported(task, labels))
    expected = [
        "Purpose",
        "Data",
        "Features",
        "Metrics",
        *own,
        "Segments",
        "Limits",
        "Proof",
        "Explanations",
        "Provenance",
    ]
    assert sections(card) == expected


def test_the_proof_of_explanations_or_that_there_are_none_is_told() -> None:
    assert section(render(make_reported()), "Explanations").strip() == "This version cannot explain its answers."
    told = section(render(replace(make_reported(), explanation=EXPLANATION)), "Explanations")
    assert "integrated gradients" in told
    assert "6 steps from the mean encoding of the train rows. On 80 test rows and 9 edge" in told
    assert "by at most 2.4e-07 (tolerance 1e-03)" in told
    assert "is 0.0012 in the median and at most 0.034" in told


def test_metrics_threshold_provenance_and_findings_are_told() -> None:
    release = with_decision(Decision(0.25, (0.2, 0.3)))
    card = render(release)
    assert f"| ROC-AUC | {release.verdict.test.metrics['roc_auc']:.3f} | — |" in card
    assert "from a probability of 0.25" in card
    assert "from 0.2 to 0.3 are marked for review" in card
    assert release.provenance.data_sha256 in card
    assert "two cells hold a blank" in card


def test_a_name_cannot_add_a_column_or_markup() -> None:
    release = make_reported()
    feature = NumberFeature(name="income", nullable=True, minimum=0, description="a | b\n<script>*x*")
    card = render(with_table(release, features=(feature, release.model.table.features[1])))
    (line,) = [one for one in card.splitlines() if one.startswith("| income")]
    assert "a number, at least 0" in line
    assert r"a \| b &lt;script&gt;\*x\*" in line


def test_what_nobody_said_is_told_as_such() -> None:
    purpose = section(render(make_reported()), "Purpose")
    assert "**Intended use** (stated by the owner): not stated." in purpose
    assert "**Contact**: not stated." in purpose


def test_what_its_owner_says_stands_in_its_place() -> None:
    card = configured(
        card={
            "intended_use": "Loans.\n\nOf small sums.",
            "out_of_scope": "Mortgages",
            "data_source": "The ledger",
            "limitations": "One country's",
            "fairness": "Sex was left out",
            "contact": "risk@bank.example",
        }
    )
    assert "**Intended use** (stated by the owner): Loans.\n\nOf small sums." in section(card, "Purpose")
    assert "Mortgages" in section(card, "Purpose")
    assert "risk@bank.example" in section(card, "Purpose")
    assert "The ledger" in section(card, "Data")
    assert "One country's" in section(card, "Limits")
    assert "Sex was left out" in section(card, "Segments")
    assert "No person has stated" not in card


def test_what_its_owner_says_cannot_become_markup() -> None:
    card = configured(card={"limitations": "a <b> *c*\n\n# Section\n\n1. item\n\n- item"})
    assert r"a &lt;b&gt; \*c\*" in card
    assert "\n\\# Section\n" in card
    assert "\n1\\. item\n" in card
    assert "\n\\- item\n" in card


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ({}, "at random, with the same share of each label in every split"),
        ({"time": "day"}, "by time, **day**"),
        ({"column": "part"}, "The column **part** of the file"),
    ],
)
def test_how_the_rows_were_split_is_told(split: dict[str, str], words: str) -> None:
    assert words in section(configured(split=split), "Data")


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        ({"optimize": "none"}, "so that it is the more probable label"),
        ({"optimize": "f1"}, "for the largest F1"),
        ({"optimize": "recall", "at_least": 0.9}, "for a recall of at least 0.9 with"),
        ({"optimize": "precision", "at_least": 0.8}, "for a precision of at least 0.8 with"),
        (
            {"optimize": "cost", "cost_false_positive": 1.0, "cost_false_negative": 5.0},
            "1 for each false positive and 5 for each false negative",
        ),
    ],
)
def test_what_the_threshold_was_chosen_for_is_told_in_words(decision: dict[str, Any], words: str) -> None:
    assert words in section(configured(decision=decision), "Decision")


def test_a_method_of_calibration_is_told_in_words() -> None:
    decision = Decision(
        calibration_choice=CalibrationChoice(Temperature(temperature=2.0), {"none": 0.7, "temperature": 0.6})
    )
    release = with_decision(decision)
    verdict = replace(release.verdict, uncalibrated=(release.verdict.validation, release.verdict.test))
    card = render(replace(release, verdict=verdict))
    assert "Calibrated by temperature scaling (one number that makes" in section(card, "Calibration")


def test_intervals_and_importances_are_told() -> None:
    estimate = Estimate(0.8, 0.71, 0.89, 120)
    ranked = [Importance(f"feature {index}", 0.1, 0.02) for index in range(12)]
    card = render(replace(make_reported(), insights=Insights({"roc_auc": estimate}), importances=ranked))
    assert "| 0.710 to 0.890 |" in section(card, "Metrics")
    assert "| feature 0 | 0.1 | 0.02 |" in card
    assert "The report shows the 2 others." in card
    assert "feature 10" not in card


def test_segments_have_a_table_of_groups_and_one_of_gaps() -> None:
    lines = section(segmented(), "Segments").splitlines()
    head = lines.index(next(one for one in lines if one.startswith("| group |")))
    assert [one.split(" | ")[0] for one in lines[head + 2 : head + 5]] == ["| north", "| south", "| *missing*"]
    assert {one.count("|") for one in lines[head : head + 5]} == {lines[head].count("|")}
    assert "| 5 | too few rows |" in lines[head + 4]
    assert any(
        one.startswith("| Demographic parity ratio: smallest divided by largest selection rate | ") for one in lines
    )


def test_a_group_s_name_cannot_break_the_table() -> None:
    assert r"| a \| b &lt;i&gt; | 60 |" in segmented(value="a | b <i>")
    assert r"### By c \*d\*" in segmented(column="c *d*")


def test_segments_that_nobody_asked_for_are_told_as_not_looked_at() -> None:
    assert "Not measured: the configuration names no column" in section(render(make_reported()), "Segments")
