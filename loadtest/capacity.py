"""`python -m loadtest.capacity`: raise the load until the p99 goal is missed, and plan replicas from that."""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loadtest.plan import Step, next_offer, plot, report, step

_SINGLE = "1 row"
_RATE_OF_A_USER = 10
_LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_GROWTH, _PRECISION = 1.6, 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write the plan with its plot; return 1 if no load meets the goal."""
    options = _parser().parse_args(arguments)
    steps: list[Step] = []
    while len(steps) < options.steps:
        offered = next_offer(steps, options.p99_ms, options.start, _GROWTH, _PRECISION)
        if offered is None or offered < 1:
            break
        steps.append(measure(options.host, offered, options.seconds, options.processes))
        print(steps[-1], file=sys.stderr, flush=True)
    loads = [options.load * factor for factor in (1, 2, 5, 10)]
    plan = report(steps, options.p99_ms, loads)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "capacity.md").write_text(plan)
    plot(steps, options.p99_ms, loads, options.output / "capacity.svg")
    print(plan)
    return 0 if any(step.problem(options.p99_ms) is None for step in steps) else 1


def measure(host: str, offered: float, seconds: int, processes: int) -> Step:
    """Offer a load of `offered` requests a second with locust; raise RuntimeError if locust fails."""
    users = math.ceil(offered / _RATE_OF_A_USER)
    options: list[Any] = ["--headless", "--skip-log", "--json", "--reset-stats", "--exit-code-on-error", 0]
    options += ["--host", host, "-u", users, "-r", users, "-t", f"{seconds}s"]
    if processes > 1:
        options += ["--processes", processes]
    command = [sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), *map(str, options)]
    environment = {**os.environ, "LOADTEST_RATE": str(offered / users)}
    began, busy = time.perf_counter(), _cpu_seconds()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"locust ended with {done.returncode}: {done.stderr[-2000:]}")
    generator = (_cpu_seconds() - busy) / (time.perf_counter() - began) / processes
    return step(offered, json.loads(done.stdout), _SINGLE, generator)


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest.capacity", description=__doc__)
    parser.add_argument(
        "--host", default="http://127.0.0.1:8000", help="a service with one replica (port 8000 of this machine)"
    )
    parser.add_argument("--p99-ms", type=float, default=50, help="goal for requests of one row (50)")
    parser.add_argument("--load", type=float, default=1000, help="load to plan for, in requests a second (1000)")
    parser.add_argument("--start", type=float, default=100, help="first load to try, in requests a second (100)")
    parser.add_argument("--seconds", type=int, default=10, help="seconds per step (10)")
    parser.add_argument("--steps", type=int, default=15, help="most steps (15)")
    parser.add_argument("--processes", type=int, default=1, help="processes of the load generator (1)")
    parser.add_argument(
        "--output", type=Path, default=Path("runs/capacity"), help="folder for the plan (runs/capacity)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
