"""The lines that a training run prints on the terminal or in a log: a heading for each step, then its results."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from app.bundle.calibration import Calibration
from app.bundle.manifest import Band, ExplanationCertificate, ParityCertificate, ReducedPrecision
from training.console.findings_table import format_findings
from training.data.folds import CrossValidation
from training.data.table import Table


class Narrator:
    """Prints what a run does; its lines are never wrapped, so that a log has one line for each of them.

    It takes plain values and certificates, so that printing depends on nothing that fits or evaluates.
    """

    def __init__(self, console: Console) -> None:
        self.console = console

    def step(self, name: str, detail: str) -> None:
        """Print the heading of a step."""
        self.console.print()
        self._line(Text.assemble((name, "bold"), "  ", (detail, "dim")))

    def data(self, table: Table, rows: Mapping[str, int]) -> None:
        """Print the features, the target, the number of rows by split, and the findings of cleaning."""
        kinds = [feature.kind for feature in table.features]
        features = ", ".join(f"{kinds.count(kind)} of kind {kind}" for kind in dict.fromkeys(kinds))
        labels = f", labels {' · '.join(table.labels)}" if table.labels else ""
        self._line(Text(f"  features: {features}"))
        self._line(Text(f"  target: {table.target_name!r}, {table.task}{labels}"))
        self._line(Text("  rows: " + ", ".join(f"{split} {count:,}" for split, count in rows.items())))
        self.console.print(format_findings(table.findings))

    def metrics(self, test: Mapping[str, float], baseline: Mapping[str, float]) -> None:
        """Print the test metrics, each beside the baseline's if that is defined."""
        for name, value in test.items():
            beside = f"  (baseline {baseline[name]:.4g})" if name in baseline else ""
            self._line(Text(f"  {name:<18} {value:.4g}{beside}"))

    def fold(self, number: int, n_folds: int, metrics: Mapping[str, float]) -> None:
        """Print the metrics of one fold in a line."""
        shown = "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
        self._line(Text(f"  fold {number}/{n_folds}  {shown}"))

    def cross_validation(self, result: CrossValidation) -> None:
        """Print each metric's mean and standard deviation over the folds."""
        for name, value in result.metrics.items():
            self._line(Text(f"  {name:<18} {value.mean:.4g} ± {value.deviation:.2g}"))

    def parity(self, parity: ParityCertificate, name: str = "parity") -> None:
        """Print the result of a parity check in a line that begins with the name."""
        self._line(
            Text(
                f"  {name}: {parity.label_flips} label flips, largest difference {parity.largest_difference:.1e}"
                f" (tolerance {parity.tolerance:.0e}) over {parity.rows:,} test and {parity.edge_rows} edge rows"
                f" at batch sizes {', '.join(map(str, parity.batch_sizes))}"
            )
        )

    def decision(
        self, calibration: Calibration | None, losses: Mapping[str, float], threshold: float, review: Band | None
    ) -> None:
        """Print the calibration with the log losses of all methods, and the threshold if it is not the default."""
        if losses:
            method = calibration.method if calibration else "none"
            compared = ", ".join(f"{candidate} {loss:.4f}" for candidate, loss in losses.items())
            self._line(Text(f"  calibration: {method} (log loss held out on the validation split: {compared})"))
        if threshold != 0.5 or review:
            band = f", review from {review[0]:.4g} to {review[1]:.4g}" if review else ""
            self._line(Text(f"  threshold: {threshold:.4g}{band}"))

    def variant(
        self,
        precision: ReducedPrecision,
        parity: ParityCertificate,
        n_bytes: int,
        seconds: Mapping[int, tuple[float, float]],
    ) -> None:
        """Print a variant's parity check, its size, and the seconds of a run by number of rows.

        Each pair of `seconds` is the variant's and the float32 graph's.
        """
        self.parity(parity, precision)
        costs = (
            f"{n_rows} row{'s' if n_rows > 1 else ''} {1e6 * variant:.0f} µs (float32 {1e6 * float32:.0f})"
            for n_rows, (variant, float32) in seconds.items()
        )
        self._line(Text(f"  {precision}: {n_bytes:,} bytes, {', '.join(costs)}"))

    def explanation(self, certificate: ExplanationCertificate) -> None:
        """Print the result of the check of the explanations."""
        self._line(
            Text(
                f"  explanation: {certificate.rows} test rows and {certificate.edge_rows} edge rows, largest difference"
                f" {certificate.largest_difference:.1e} (tolerance {certificate.tolerance:g}), completeness gap"
                f" {certificate.median_gap:.1e} in the median, at most {certificate.largest_gap:.1e}"
            )
        )

    def unexplained(self, reason: Exception) -> None:
        """Print why the version cannot explain its answers."""
        self._line(Text(f"  explanation: none, {reason}", style="yellow"))

    def published(self, models: Path, name: str, version: int) -> None:
        """Print where the version is, and the command that serves it."""
        self.step("Published", str(models / name / str(version)))
        self._line(Text(f"  report: {models / name / str(version) / 'report' / 'report.html'}"))
        self._line(Text(f"  serve it: slipway serve --models {models}"))

    def _line(self, text: Text) -> None:
        self.console.print(text, soft_wrap=True)
