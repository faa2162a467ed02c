"""The lines and the progress bar that a search prints."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text


class SearchLines:
    """Prints one call of a search, with a progress bar on a terminal that ends when the context is left.

    A log has a line for each finished trial, a terminal only for trials that beat all earlier ones. `budget` is the
    time of the search and `spent` what earlier calls used of it, both in seconds.
    """

    def __init__(self, console: Console, budget: float, spent: float) -> None:
        self._console = console
        self._budget = budget
        self._progress = Progress(
            TextColumn("  {task.description}"),
            BarColumn(),
            TextColumn("{task.fields[time]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._bar = self._progress.add_task("searching", total=budget, completed=int(spent), time=self._time(spent))

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def advance(self, seconds: float) -> None:
        """Move the bar to the seconds that all calls have used."""
        self._progress.update(self._bar, completed=seconds, time=self._time(seconds))

    def trial(self, number: int, outcome: str, seconds: float, best: bool, settings: Mapping[str, Any]) -> None:
        """Print a trial that ended, with its settings that are not the defaults.

        `number` counts the finished trials from 1.
        """
        if best:
            self._progress.update(self._bar, description=f"best is trial {number}, {outcome}")
        if best or not self._console.is_terminal:
            mark = "  best" if best else ""
            self._line(f"trial {number}  {outcome}  {seconds:.1f} s{mark}  {_format_settings(settings)}")

    def result(self, trials: int, pruned: int, seconds: float, toml: str, file: Path) -> None:
        """Print the number of trials, the best configuration as TOML, and the file that keeps it."""
        self._line(f"{trials} trials in {format_clock(seconds)}, {pruned} of them stopped early as hopeless")
        for line in toml.splitlines():
            self._console.print(Text(f"    {line}" if line else ""), soft_wrap=True)
        self._line(f"saved as {file}")

    def interrupted(self, trials: int, seconds: float) -> None:
        """Print how an interrupted search can be continued."""
        left = format_clock(max(0, self._budget - seconds))
        self._line(f"stopped; {trials} trials are kept, and the same command continues for the remaining {left}")

    def _line(self, text: str) -> None:
        self._console.print(Text(f"  {text}"), soft_wrap=True)

    def _time(self, seconds: float) -> str:
        return f"{format_clock(min(seconds, self._budget))} of {format_clock(self._budget)}"


def format_clock(seconds: float) -> str:
    """Return minutes and seconds, such as 4:05."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02}"


def _format_settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{key.split('.')[1]} {value}" for key, value in settings.items()) or "the defaults"
