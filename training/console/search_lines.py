"""What a person sees of a search: a bar on a terminal, a line a finished trial in a log, and what came of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text


class SearchLines:
    """Tells of one call; of the `budget`, earlier calls have `spent` some; both are in seconds.

    On a terminal only the trials that beat all before have a line. Ends the bar when left.
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

    def spent(self, seconds: float) -> None:
        """Move the bar to the seconds spent in all calls."""
        self._progress.update(self._bar, completed=seconds, time=self._time(seconds))

    def trial(self, number: int, outcome: str, seconds: float, best: bool, settings: Mapping[str, Any]) -> None:
        """A trial that ended, and what in it was not the default; `number` counts the finished ones."""
        if best:
            self._progress.update(self._bar, description=f"best is trial {number}, {outcome}")
        if best or not self._console.is_terminal:
            mark = "  best" if best else ""
            self.line(f"trial {number}  {outcome}  {seconds:.1f} s{mark}  {_shown(settings)}")

    def line(self, text: str) -> None:
        """A line above the bar."""
        self._console.print(Text(f"  {text}"), soft_wrap=True)

    def found(self, trials: int, pruned: int, seconds: float, toml: str, file: Path) -> None:
        """What came of it, as TOML to keep."""
        self.line(f"{trials} trials in {clock(seconds)}, {pruned} of them ended early as hopeless")
        for one in toml.splitlines():
            self._console.print(Text(f"    {one}" if one else ""), soft_wrap=True)
        self.line(f"to keep: {file}")

    def stopped(self, trials: int, seconds: float) -> None:
        """How a search that was interrupted goes on."""
        left = clock(max(0, self._budget - seconds))
        self.line(f"stopped, {trials} trials are kept; the same command goes on for the {left} that are left")

    def _time(self, seconds: float) -> str:
        return f"{clock(min(seconds, self._budget))} of {clock(self._budget)}"


def clock(seconds: float) -> str:
    """Minutes and seconds, such as 4:05."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02}"


def _shown(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{key.split('.')[1]} {value}" for key, value in settings.items()) or "the defaults"
