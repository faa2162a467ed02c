"""Samples to one table: medians over rounds, and ratios to the limit of the same round."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

LIMIT = "limit"


@dataclass(frozen=True)
class Sample:
    """One server under one load for some seconds."""

    round: int
    cell: str
    server: str
    requests_per_second: float
    p50_us: float
    p99_us: float
    cpu_us: float
    """Server CPU a request, over its whole process tree."""
    rows_per_second: float
    rss_mb: float
    start_seconds: float
    elsewhere: float
    """Share of the machine's cores that neither the server nor wrk used, and yet was busy."""


_COLUMNS = (
    ("server CPU µs/request", "cpu_us", "{:,.1f}"),
    ("requests/s", "requests_per_second", "{:,.0f}"),
    ("p50 µs", "p50_us", "{:,.0f}"),
    ("p99 µs", "p99_us", "{:,.0f}"),
    ("rows/s", "rows_per_second", "{:,.0f}"),
    ("RSS MB", "rss_mb", "{:,.0f}"),
    ("start-up s", "start_seconds", "{:.2f}"),
)


def table(samples: Sequence[Sample]) -> str:
    """A Markdown table: each figure, and in parentheses how many times the limit's it is."""
    lines = [
        "| load | server | " + " | ".join(name for name, _, _ in _COLUMNS) + " |",
        "|---|---|" + "---:|" * len(_COLUMNS),
    ]
    for cell, server in dict.fromkeys((one.cell, one.server) for one in samples):
        mine = [one for one in samples if (one.cell, one.server) == (cell, server)]
        figures = [_figure(mine, _limits(samples, cell), name, form) for _, name, form in _COLUMNS]
        lines.append(f"| {cell} | {server} | " + " | ".join(figures) + " |")
    return "\n".join(lines) + "\n"


def document(samples: Sequence[Sample], about: dict[str, Any]) -> str:
    """The table with what must be known to read it."""
    elsewhere = median(one.elsewhere for one in samples)
    facts = "".join(f"- {name}: {value}\n" for name, value in about.items())
    busy = f"- busy with other things during the run: {elsewhere:.0%} of its cores (median), steal included\n"
    return f"# {about['name']}\n\n{facts}{busy}\n(×) is the ratio to the limit in the same round.\n\n{table(samples)}"


def as_json(samples: Sequence[Sample], about: dict[str, Any]) -> dict[str, Any]:
    """All that was measured."""
    return {"about": about, "samples": [asdict(one) for one in samples]}


def _limits(samples: Sequence[Sample], cell: str) -> dict[int, Sample]:
    return {one.round: one for one in samples if (one.cell, one.server) == (cell, LIMIT)}


def _figure(mine: Sequence[Sample], limits: dict[int, Sample], name: str, form: str) -> str:
    shown = form.format(median(getattr(one, name) for one in mine))
    ratios = list(_ratios(mine, limits, name))
    return f"{shown} ({median(ratios):.2f}×)" if ratios else shown


def _ratios(mine: Sequence[Sample], limits: dict[int, Sample], name: str) -> Iterator[float]:
    for one in mine:
        if one.round in limits and one.server != LIMIT:
            yield getattr(one, name) / getattr(limits[one.round], name)
