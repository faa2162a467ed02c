"""The capacity plan: pure arithmetic over measured steps, its table and its plot."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEADROOM = 0.7
"""Share of a replica's capacity that is planned with; the rest is for peaks and for a replica that is lost."""

_KEPT_PACE = 0.95
_BUSY_GENERATOR = 0.9


@dataclass(frozen=True)
class Step:
    """What was offered for some seconds, and how it was answered; rates are requests a second."""

    offered: float
    achieved: float
    p50_ms: float
    p99_ms: float
    failures: int
    generator: float
    """Share of its cores that the load generator used."""

    def problem(self, goal_ms: float) -> str | None:
        """Why the service did not hold this load; None where it did."""
        if self.failures:
            return f"{self.failures} failed"
        if self.p99_ms > goal_ms:
            return f"p99 over {goal_ms:g} ms"
        if self.achieved < _KEPT_PACE * self.offered:
            return "the load generator is the limit" if self.generator > _BUSY_GENERATOR else "pace not kept"
        return None


def step(offered: float, stats: Sequence[Mapping[str, Any]], latency_of: str, generator: float) -> Step:
    """A step from locust's JSON; percentiles are of the requests named `latency_of`, in whole milliseconds."""
    if not stats:
        return Step(offered, 0.0, math.inf, math.inf, 0, generator)
    # Not the run's own length: locust counts anew once all its users are there.
    seconds = max(one["last_request_timestamp"] for one in stats) - min(one["start_time"] for one in stats)
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
    """The least value that `share` of the counted values do not exceed; infinite where nothing was counted."""
    rank = math.ceil(share * sum(times.values()))
    for value, count in sorted(times.items()):
        rank -= count
        if rank <= 0:
            return value
    return math.inf


def next_offer(steps: Sequence[Step], goal_ms: float, start: float, factor: float, precision: float) -> float | None:
    """The next load to try: growing by `factor` until one is too much, then halving the gap; None where it is known.

    `precision` is the largest gap, as a share of the load that was too much, at which it counts as known.
    """
    if not steps:
        return start
    held = capacity(steps, goal_ms)
    too_much = [one.offered for one in steps if one.problem(goal_ms)]
    if not too_much:
        return held * factor
    least = min(too_much)
    return None if least - held <= precision * least else (held + least) / 2


def capacity(steps: Sequence[Step], goal_ms: float) -> float:
    """The highest load that one replica held below every load that it did not hold; 0 where it held none."""
    least = min((one.offered for one in steps if one.problem(goal_ms)), default=math.inf)
    return max((one.offered for one in steps if not one.problem(goal_ms) and one.offered < least), default=0.0)


def replicas(load: float, capacity: float) -> int:
    """Replicas for a load with headroom; raises ValueError where one replica holds nothing."""
    if capacity <= 0:
        raise ValueError(f"a replica must hold some load within the goal, it held {capacity:g}")
    return math.ceil(load / (capacity * HEADROOM))


def report(steps: Sequence[Step], goal_ms: float, loads: Sequence[float]) -> str:
    """The plan in Markdown."""
    lines = [
        "# Capacity plan\n",
        "| offered, requests/s | answered | p50 ms | p99 ms | failed | load generator's CPU | held |",
        "|---:|---:|---:|---:|---:|---:|---|",
    ]
    for one in sorted(steps, key=lambda one: one.offered):
        held = one.problem(goal_ms) or "yes"
        lines.append(
            f"| {one.offered:,.0f} | {one.achieved:,.0f} | {one.p50_ms:g} | {one.p99_ms:g} | {one.failures} "
            f"| {one.generator:.0%} | {held} |"
        )
    found = capacity(steps, goal_ms)
    lines.append(f"\nOne replica holds **{found:,.0f} requests/s** with a p99 of at most {goal_ms:g} ms.\n")
    if found:
        lines += [f"| load, requests/s | replicas at {HEADROOM:.0%} of that |", "|---:|---:|"]
        lines += [f"| {load:,.0f} | {replicas(load, found)} |" for load in loads]
    return "\n".join(lines) + "\n"


def plot(steps: Sequence[Step], goal_ms: float, loads: Sequence[float], path: Path) -> None:
    """Latency over load, and replicas over load; the file's ending tells its format."""
    # A figure without pyplot opens no window and needs no display.
    from matplotlib.figure import Figure  # noqa: PLC0415 the arithmetic is used without it

    figure = Figure(figsize=(10, 4), layout="constrained")
    latency, plan = figure.subplots(1, 2)
    ordered = sorted(steps, key=lambda one: one.offered)
    offered = [one.offered for one in ordered]
    latency.plot(offered, [one.p99_ms for one in ordered], marker="o", label="p99")
    latency.plot(offered, [one.p50_ms for one in ordered], marker="o", label="p50")
    latency.axhline(goal_ms, color="black", linestyle="--", linewidth=1, label="goal")
    latency.set(xlabel="offered, requests/s", ylabel="milliseconds", title="One replica", ylim=(0, None))
    latency.legend()
    found = capacity(steps, goal_ms)
    if found:
        shown = [index * max(loads) / 200 for index in range(201)]
        plan.step(shown, [replicas(load, found) for load in shown], where="post")
    plan.set(xlabel="load, requests/s", ylabel="replicas", title=f"Replicas at {HEADROOM:.0%} of capacity")
    figure.savefig(path)
