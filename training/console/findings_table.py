"""The data-quality section on the terminal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from training.data.table import Finding


def describe(findings: Sequence[Finding]) -> Table | Text:
    """A table of the findings, one a line, or a sentence where there are none."""
    if not findings:
        return Text("Data quality: nothing to report")
    table = Table(title="Data quality", title_justify="left")
    table.add_column("Column")
    table.add_column("Problem")
    table.add_column("Action")
    table.add_column("Count", justify="right")
    for one in findings:
        table.add_row(Text(one.column or "(rows)"), Text(one.problem), Text(one.action), f"{one.count:,}")
    return table
