"""What the command tells on the terminal, or in a log: a heading a step, and what came of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from app.bundle.manifest import ParityCertificate, ReducedPrecision, Task
from training.console.findings_table import describe
from training.data.folds import CrossValidation
from training.data.table import Table
from training.evaluation.metrics import HEADLINE

if TYPE_CHECKING:  # importing the evaluation takes seconds that refusing bad input must not
    from training.evaluation.decision import Decision
    from training.evaluation.verdict import Verdict
    from training.explanation.proven import ProvenExplanation
    from training.export.variants import ProvenVariant


class Narrator:
    """Prints plain lines where standard output is no terminal; no line of its own is ever wrapped."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def step(self, name: str, detail: str) -> None:
        """A heading."""
        self.console.print()
        self._line(Text.assemble((name, "bold"), "  ", (detail, "dim")))

    def data(self, table: Table, rows: Mapping[str, int]) -> None:
        """What was learnt of the table, with the findings of cleaning."""
        kinds = [one.kind for one in table.features]
        features = ", ".join(f"{kinds.count(kind)} of kind {kind}" for kind in dict.fromkeys(kinds))
        answer = f", labels {' · '.join(table.labels)}" if table.labels else ""
        self._line(Text(f"  features: {features}"))
        self._line(Text(f"  target: {table.target_name!r}, {table.task}{answer}"))
        self._line(Text("  rows: " + ", ".join(f"{split} {count:,}" for split, count in rows.items())))
        self.console.print(describe(table.findings))

    def verdict(self, verdict: "Verdict") -> None:
        """The test metrics, with what the baseline reaches."""
        for name, value in verdict.test.metrics.items():
            beside = verdict.baseline.metrics.get(name)
            known = "" if beside is None else f"  (baseline {beside:.4g})"
            self._line(Text(f"  {name:<18} {value:.4g}{known}"))

    def fold(self, number: int, of: int, metrics: Mapping[str, float], task: Task) -> None:
        """What one fold reached, in the metrics that matter most."""
        shown = "  ".join(f"{name} {metrics[name]:.4g}" for name in HEADLINE[task] if name in metrics)
        self._line(Text(f"  fold {number}/{of}  {shown}"))

    def cross_validation(self, result: CrossValidation) -> None:
        """Mean and standard deviation of each metric."""
        for name, value in result.metrics.items():
            self._line(Text(f"  {name:<18} {value.mean:.4g} ± {value.deviation:.2g}"))

    def parity(self, parity: ParityCertificate, name: str = "parity") -> None:
        """A proof in a line."""
        self._line(
            Text(
                f"  {name}: {parity.label_flips} label flips, largest difference {parity.largest_difference:.1e}"
                f" (tolerance {parity.tolerance:.0e}) over {parity.rows:,} test and {parity.edge_rows} edge rows"
                f" at batch sizes {', '.join(map(str, parity.batch_sizes))}"
            )
        )

    def decision(self, decision: "Decision") -> None:
        """How the graph's output becomes an answer."""
        losses = ", ".join(f"{method} {loss:.4f}" for method, loss in decision.calibration_choice.losses.items())
        method = decision.calibration.method if decision.calibration else "none"
        if losses:
            self._line(Text(f"  calibration: {method} (log loss held out on the validation split: {losses})"))
        if decision.threshold != 0.5 or decision.review:
            low, high = decision.review or (None, None)
            band = "" if low is None else f", review from {low:.4g} to {high:.4g}"
            self._line(Text(f"  threshold: {decision.threshold:.4g}{band}"))

    def variant(self, precision: ReducedPrecision, variant: "ProvenVariant") -> None:
        """A variant's proof, and what it costs beside the float32 graph."""
        self.parity(variant.parity, precision)
        costs = (
            f"{one.n_rows} row{'s' if one.n_rows > 1 else ''} {1e6 * one.seconds:.0f} µs (float32"
            f" {1e6 * one.float32_seconds:.0f})"
            for one in variant.timings
        )
        self._line(Text(f"  {precision}: {len(variant.content):,} bytes, {', '.join(costs)}"))

    def explanation(self, explanation: "ProvenExplanation") -> None:
        """The proof of what explains answers."""
        parity = explanation.described.parity
        self._line(
            Text(
                f"  explanation: {parity.rows} test rows and {parity.edge_rows} edge rows, largest difference"
                f" {parity.largest_difference:.1e} (tolerated {parity.tolerance:g}), gap {parity.median_gap:.1e}"
                f" (at most {parity.largest_gap:.1e})"
            )
        )

    def unexplained(self, reason: Exception) -> None:
        """Why the version will explain none of its answers."""
        self._line(Text(f"  explanation: none, {reason}", style="yellow"))

    def published(self, models: Path, name: str, version: int) -> None:
        """Where the version lies, and the command that serves it."""
        self.step("Published", str(models / name / str(version)))
        self._line(Text(f"  report: {models / name / str(version) / 'report' / 'report.html'}"))
        self._line(Text(f"  serve it: python -m app serve --models {models}"))

    def _line(self, text: Text) -> None:
        self.console.print(text, soft_wrap=True)
