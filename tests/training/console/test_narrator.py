"""The lines of a run that no other test reads."""

import io

from rich.console import Console

from app.bundle.calibration import Temperature
from app.bundle.manifest import ExplanationCertificate
from training.console.narrator import Narrator


def narrator() -> tuple[Narrator, io.StringIO]:
    output = io.StringIO()
    return Narrator(Console(file=output, width=40)), output


def test_metrics_stand_beside_those_of_the_baseline() -> None:
    lines, output = narrator()
    lines.metrics({"roc_auc": 0.81234, "precision": 0.5}, {"roc_auc": 0.5})
    assert output.getvalue().splitlines() == [
        "  roc_auc            0.8123  (baseline 0.5)",
        "  precision          0.5",
    ]


def test_a_decision_is_printed_only_where_it_is_not_the_default() -> None:
    lines, output = narrator()
    lines.decision(None, {}, 0.5, None)
    assert output.getvalue() == ""
    lines.decision(Temperature(temperature=2.0), {"none": 0.5, "temperature": 0.45}, 0.3, (0.2, 0.4))
    assert output.getvalue().splitlines() == [
        "  calibration: temperature (log loss held out on the validation split: none 0.5000, temperature 0.4500)",
        "  threshold: 0.3, review from 0.2 to 0.4",
    ]


def test_an_explanation_is_one_line_however_narrow_the_terminal() -> None:
    lines, output = narrator()
    lines.explanation(
        ExplanationCertificate(
            rows=100,
            edge_rows=24,
            largest_difference=3.5e-7,
            answer_difference=1e-7,
            tolerance=1e-3,
            median_gap=1.1e-4,
            largest_gap=5.6e-3,
            versions={},
        )
    )
    assert output.getvalue() == (
        "  explanation: 100 test rows and 24 edge rows, largest difference 3.5e-07 (tolerance 0.001),"
        " completeness gap 1.1e-04 in the median, at most 5.6e-03\n"
    )
