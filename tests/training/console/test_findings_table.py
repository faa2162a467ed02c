"""The data-quality table on the terminal."""

import io

from rich.console import Console

from training.console.findings_table import format_findings
from training.data.table import Finding


def show(findings: list[Finding]) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(format_findings(findings))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_shows_each_finding_on_a_line_of_its_own_without_markup() -> None:
    shown = show([Finding("[age]", "9 stands for missing", "taken as missing", 1200), Finding(None, "twins", "out", 1)])
    (line,) = (line for line in shown.splitlines() if "[age]" in line)
    assert ["9 stands for missing" in line, "taken as missing" in line, "1,200" in line] == [True] * 3
    assert "(rows)" in shown


def test_says_so_where_there_is_nothing_to_report() -> None:
    assert "nothing to report" in show([])
