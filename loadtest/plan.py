"""The capacity plan: arithmetic over measured steps, its table and its plot."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEADROOM = 0.7
"""Share of a replica's capacity to plan with; the rest is for peaks and for the loss of a replica."""

_KEPT_PACE = 0.95
_BUSY_GENERATOR = 0.9


@dataclass(frozen=True)
class Step:
    """A load that was offered for some seconds, and how it was answered; rates are requests a second."""

    offered: float
    achieved: float
    p50_ms: float
    p99_ms: float
    failures: int
    generator: float
    """Share of its cores that the load generator was busy."""

    def problem(self, goal_ms: float) -> str | None:
        """Return why the service did not sustain this load, or None if it did."""
        if self.failures:
            return f"{self.failures} failed"
        if self.p99_ms > goal_ms:
            return f"p99 over {goal_ms:g} ms"
        if self.achieved < _KEPT_PACE * self.offered:
            return "the load generator is the limit" if self.generator > _BUSY_GENERATOR else "pace not kept"
        return None


def step(offered: float, stats: Sequence[Mapping[str, Any]], latency_of: str, generator: float) -> Step:
    """Return a step from locust's JSON; percentiles are of the requests named `latency_of`, in whole milliseconds."""
    if not stats:
        return Step(offered, 0.0, math.inf, math.inf, 0, generator)
    # Not the length of the run, because locust resets its counts once all users have started.
    seconds = max(entry["last_request_timestamp"] for entry in stats) - min(entry["start_time"] for entry in stats)
    times: dict[float, int] = {}
    for entry in stats:
        if entry["name"] == latency_of:
            for milliseconds, count in entry["response_times"].items():
                times[float(milliseconds)] = times.get(float(milliseconds), 0) + count
    return Step(
        offered=offered,
        achieved=sum(entry["num_requests"] for entry in stats) / max(seconds, 1.0),
        p50_ms=percentile(times, 0.50),
        p99_ms=percentile(times, 0.99),
        failures=sum(entry["num_failures"] for entry in stats),
        generator=generator,
    )


def percentile(times: Mapping[float, int], share: float) -> float:
    """Return the least value that `share` of the counted values do not exceed; infinity without any values."""
    rank = math.ceil(share * sum(times.values()))
    for value, count in sorted(times.items()):
        rank -= count
        if rank <= 0:
            return value
    return math.inf


def next_offer(steps: Sequence[Step], goal_ms: float, start: float, factor: float, precision: float) -> float | None:
    """Return the next load to try, or None if the capacity is known.

    The load grows by `factor` until it is too much; then the gap is halved. The capacity counts as known if the gap is
    at most `precision`, as a share of the load that was too much.
    """
    if not steps:
        return start
    held = capacity(steps, goal_ms)
    too_much = [step.offered for step in steps if step.problem(goal_ms)]
    if not too_much:
        return held * factor
    least = min(too_much)
    return None if least - held <= precision * least else (held + least) / 2


def capacity(steps: Sequence[Step], goal_ms: float) -> float:
    """Return the highest load that one replica sustained below all loads that it did not; 0 if it sustained none."""
    least = min((step.offered for step in steps if step.problem(goal_ms)), default=math.inf)
    return max((step.offered for step in steps if not step.problem(goal_ms) and step.offered < least), default=0.0)


def replicas(load: float, capacity: float) -> int:
    """Return the replicas to plan for a load; raise ValueError if one replica sustains no load."""
    if capacity <= 0:
        raise ValueError(f"a replica must hold some load within the goal, it held {capacity:g}")
    return math.ceil(load / (capacity * HEADROOM))


def report(steps: Sequence[Step], goal_ms: float, loads: Sequence[float]) -> str:
    """Return the plan as Markdown."""
    lines = [
        "# Capacity plan\n",
        "| offered, requests/s | answered | p50 ms | p99 ms | failed | load generator's CPU | held |",
        "|---:|---:|---:|---:|---:|---:|---|",
    ]
    for step in sorted(steps, key=lambda step: step.offered):
        held = step.problem(goal_ms) or "yes"
        lines.append(
            f"| {step.offered:,.0f} | {step.achieved:,.0f} | {step.p50_ms:g} | {step.p99_ms:g} | {step.failures} "
            f"| {step.generator:.0%} | {held} |"
        )
    sustained = capacity(steps, goal_ms)
    lines.append(f"\nOne replica holds **{sustained:,.0f} requests/s** with a p99 of at most {goal_ms:g} ms.\n")
    if sustained:
        lines += [f"| load, requests/s | replicas at {HEADROOM:.0%} of that |", "|---:|---:|"]
        lines += [f"| {load:,.0f} | {replicas(load, sustained)} |" for load in loads]
    return "\n".join(lines) + "\n"


def plot(steps: Sequence[Step], goal_ms: float, loads: Sequence[float], path: Path) -> None:
    """Plot latency and replicas over the load; the file's extension decides the format."""
    # A figure made without pyplot needs no display.
    from matplotlib.figure import Figure  # noqa: PLC0415 the arithmetic is used without it

    figure = Figure(figsize=(10, 4), layout="constrained")
    latency, plan = figure.subplots(1, 2)
    ordered = sorted(steps, key=lambda step: step.offered)
    offered = [step.offered for step in ordered]
    latency.plot(offered, [step.p99_ms for step in ordered], marker="o", label="p99")
    latency.plot(offered, [step.p50_ms for step in ordered], marker="o", label="p50")
    latency.axhline(goal_ms, color="black", linestyle="--", linewidth=1, label="goal")
    latency.set(xlabel="offered, requests/s", ylabel="milliseconds", title="One replica", ylim=(0, None))
    latency.legend()
    sustained = capacity(steps, goal_ms)
    if sustained:
        shown = [index * max(loads) / 200 for index in range(201)]
        plan.step(shown, [replicas(load, sustained) for load in shown], where="post")
    plan.set(xlabel="load, requests/s", ylabel="replicas", title=f"Replicas at {HEADROOM:.0%} of capacity")
    figure.savefig(path)
