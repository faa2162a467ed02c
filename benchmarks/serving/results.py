"""The table of results: medians over rounds, and ratios to the limit in the same round."""

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
    """Server CPU per request, over its whole process tree."""
    rows_per_second: float
    rss_mb: float
    start_seconds: float
    elsewhere: float
    """Share of the machine's cores that was busy with anything but the server and wrk."""


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
    """Return a Markdown table of the figures, with their ratios to the limit in parentheses."""
    lines = [
        "| load | server | " + " | ".join(name for name, _, _ in _COLUMNS) + " |",
        "|---|---|" + "---:|" * len(_COLUMNS),
    ]
    for cell, server in dict.fromkeys((sample.cell, sample.server) for sample in samples):
        mine = [sample for sample in samples if (sample.cell, sample.server) == (cell, server)]
        figures = [_figure(mine, _limits(samples, cell), name, form) for _, name, form in _COLUMNS]
        lines.append(f"| {cell} | {server} | " + " | ".join(figures) + " |")
    return "\n".join(lines) + "\n"


def document(samples: Sequence[Sample], about: dict[str, Any]) -> str:
    """Return the report: the table, and the facts needed to read it."""
    elsewhere = median(sample.elsewhere for sample in samples)
    facts = "".join(f"- {name}: {value}\n" for name, value in about.items())
    busy = f"- busy with other work during the run: {elsewhere:.0%} of its cores (median), steal included\n"
    return f"# {about['name']}\n\n{facts}{busy}\n(×) is the ratio to the limit in the same round.\n\n{table(samples)}"


def as_json(samples: Sequence[Sample], about: dict[str, Any]) -> dict[str, Any]:
    """Return all samples and the facts about the run as JSON values."""
    return {"about": about, "samples": [asdict(sample) for sample in samples]}


def _limits(samples: Sequence[Sample], cell: str) -> dict[int, Sample]:
    return {sample.round: sample for sample in samples if (sample.cell, sample.server) == (cell, LIMIT)}


def _figure(mine: Sequence[Sample], limits: dict[int, Sample], name: str, form: str) -> str:
    shown = form.format(median(getattr(sample, name) for sample in mine))
    ratios = list(_ratios(mine, limits, name))
    return f"{shown} ({median(ratios):.2f}×)" if ratios else shown


def _ratios(mine: Sequence[Sample], limits: dict[int, Sample], name: str) -> Iterator[float]:
    for sample in mine:
        if sample.round in limits and sample.server != LIMIT:
            yield getattr(sample, name) / getattr(limits[sample.round], name)
