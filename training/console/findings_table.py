"""The data-quality table on the terminal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from training.data.table import Finding


def format_findings(findings: Sequence[Finding]) -> Table | Text:
    """Return a table with one finding per line, or a sentence if there are none."""
    if not findings:
        return Text("Data quality: nothing to report")
    table = Table(title="Data quality", title_justify="left")
    table.add_column("Column")
    table.add_column("Problem")
    table.add_column("Action")
    table.add_column("Count", justify="right")
    for finding in findings:
        table.add_row(
            Text(finding.column or "(rows)"), Text(finding.problem), Text(finding.action), f"{finding.count:,}"
        )
    return table
