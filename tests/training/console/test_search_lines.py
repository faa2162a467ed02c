"""The lines of a search: every trial in a log; on a terminal a bar, and the trials that beat all earlier ones."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from training.console.search_lines import SearchLines, format_clock


def printed(*, terminal: bool) -> str:
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=200, highlight=False)
    with SearchLines(console, budget=600, spent=60) as lines:
        lines.trial(1, "validation 0.5000", 8.0, True, {})
        lines.advance(245.0)
        lines.trial(2, "validation 0.6000", 9.0, False, {"network.hidden_units": [64], "fit.learning_rate": 0.01})
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output.getvalue())


def test_a_log_has_one_line_a_trial_and_no_bar() -> None:
    assert printed(terminal=False).splitlines() == [
        "  trial 1  validation 0.5000  8.0 s  best  the defaults",
        "  trial 2  validation 0.6000  9.0 s  hidden_units [64], learning_rate 0.01",
    ]


def test_a_terminal_has_a_bar_with_the_time_and_the_best() -> None:
    shown = printed(terminal=True)
    assert "trial 1  validation 0.5000" in shown
    assert "trial 2" not in shown
    assert re.search(r"best is trial 1, validation 0\.5000 .* 4:05 of 10:00", shown)


def test_an_interrupted_search_says_how_much_time_is_left() -> None:
    output = io.StringIO()
    SearchLines(Console(file=output, width=40), budget=600, spent=0).interrupted(3, 355.5)
    expected = "  stopped; 3 trials are kept, and the same command continues for the remaining 4:04\n"
    assert output.getvalue() == expected


def test_the_best_configuration_is_printed_as_toml_with_its_file() -> None:
    output = io.StringIO()
    lines = SearchLines(Console(file=output, width=40), budget=600, spent=0)
    lines.result(9, 4, 600.0, "\n[fit]\nbatch_size = 32\n", Path("runs/best.toml"))
    assert output.getvalue().splitlines() == [
        "  9 trials in 10:00, 4 of them stopped early as hopeless",
        "",
        "    [fit]",
        "    batch_size = 32",
        "  saved as runs/best.toml",
    ]


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (59.9, "0:59"), (245, "4:05"), (4000, "66:40")])
def test_a_time_is_minutes_and_seconds(seconds: float, shown: str) -> None:
    assert format_clock(seconds) == shown
