"""`python -m benchmarks.serving`: Slipway beside the limit and its peers, interleaved, medians of three rounds."""

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.serving import bundle, processes, results, wrk
from benchmarks.serving.loads import Cell, Load, cells
from benchmarks.serving.results import Sample
from benchmarks.serving.servers.catalog import Running, Server, catalog, started, takes, verify

_RESULTS = Path(__file__).parents[1] / "results"
_PINNED = ("uvicorn", "uvloop", "httptools", "fastapi", "pydantic", "orjson", "onnxruntime", "mosec")
_WARM_UP_SECONDS = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write the table, and return the exit code."""
    options = _parser().parse_args(arguments)
    if options.quick:
        options.rounds, options.seconds = 1, 1
    samples: list[Sample] = []
    code = 0
    try:
        wrk.require()
        samples.extend(measure(options.servers, cells(), options.workers, options.rounds, options.seconds))
    except RuntimeError as error:  # keep what was measured before
        print(error, file=sys.stderr)
        code = 1
    if samples:
        _report(samples, options)
    return code


def measure(
    servers: Sequence[Server], cells: Sequence[Cell], workers: int, rounds: int, seconds: float
) -> Iterator[Sample]:
    """Yield a sample of every cell on every server, with servers started anew in each round.

    Raises RuntimeError if a server does not start, answers wrongly or fails under load.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle.publish(folder)
        loads = list({cell.load.name: cell.load for cell in cells}.values())
        for load in loads:
            _write_bodies(folder, load)
        for number in range(1, rounds + 1):
            with ExitStack() as stack:
                running = [stack.enter_context(started(server, workers, folder, loads[0])) for server in servers]
                yield from _round(number, running, cells, folder, seconds)


def _round(
    number: int, running: Sequence[Running], cells: Sequence[Cell], folder: Path, seconds: float
) -> Iterator[Sample]:
    """Check all answers first, then measure server by server within a cell: a slow minute slows all of them."""
    pairs = [(cell, server) for cell, server in product(cells, running) if takes(server, cell.load)]
    for cell, server in pairs:
        verify(server, cell.load)
    for cell, server in pairs:
        yield _sample(number, server, cell, folder, seconds)


def _sample(number: int, running: Running, cell: Cell, folder: Path, seconds: float) -> Sample:
    arguments = (running.url, folder / cell.load.name, cell.load.content_type, cell.connections)
    wrk.run(*arguments, _WARM_UP_SECONDS)
    began = _clocks(running.pid)
    report = wrk.run(*arguments, seconds)
    wall, machine, generator, server = (
        after - before for after, before in zip(_clocks(running.pid), began, strict=True)
    )
    sample = Sample(
        round=number,
        cell=cell.name,
        server=running.server.name,
        requests_per_second=report.requests_per_second,
        p50_us=report.p50_us,
        p99_us=report.p99_us,
        cpu_us=server / report.requests * 1e6,
        rows_per_second=report.requests_per_second * cell.load.rows,
        rss_mb=processes.usage(running.pid).rss_bytes / 1e6,
        start_seconds=running.start_seconds,
        elsewhere=max(0.0, machine - generator - server) / (wall * (os.cpu_count() or 1)),
    )
    shown = f"{sample.cpu_us:,.1f} µs, {sample.requests_per_second:,.0f} requests/s"
    print(f"round {number} · {cell.name} · {sample.server}: {shown}", file=sys.stderr, flush=True)
    return sample


def _clocks(pid: int) -> tuple[float, float, float, float]:
    """Return seconds of wall time, and CPU seconds of the machine, of our ended children (wrk) and of the server."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    generator = children.ru_utime + children.ru_stime
    return time.perf_counter(), processes.machine_busy_seconds(), generator, processes.usage(pid).cpu_seconds


def _write_bodies(folder: Path, load: Load) -> None:
    """Write one file per body, as wrk.lua reads them."""
    (folder / load.name).mkdir()
    for index, body in enumerate(load.bodies, start=1):
        (folder / load.name / str(index)).write_bytes(body)


def _report(samples: Sequence[Sample], options: argparse.Namespace) -> None:
    about = _about(options)
    report = results.document(samples, about)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / f"{options.name}.md").write_text(report)
    (options.output / f"{options.name}.json").write_text(json.dumps(results.as_json(samples, about), indent=1) + "\n")
    print(report)


def _about(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "name": options.name,
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {_processor()}, Linux {platform.release()}",
        "python": platform.python_version(),
        "versions": ", ".join(f"{name} {version(name)}" for name in _PINNED),
        "run": f"{options.workers} workers, {options.rounds} rounds, {options.seconds:g} s a cell",
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--servers", type=_servers, default=list(catalog().values()), help=", ".join(catalog()))
    parser.add_argument("--workers", type=int, default=2, help="processes of each server (2)")
    parser.add_argument("--seconds", type=float, default=5, help="seconds per cell, at least 1 (5)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds to take medians over (3)")
    parser.add_argument(
        "--quick", action="store_true", help="one round with a second per cell, to see whether it works"
    )
    parser.add_argument("--name", default="latest", help="name of the result files (latest)")
    parser.add_argument("--output", type=Path, default=_RESULTS, help="folder for the results (benchmarks/results)")
    return parser


def _servers(names: str) -> list[Server]:
    known = catalog()
    try:
        return [known[name] for name in names.split(",")]
    except KeyError as error:
        raise argparse.ArgumentTypeError(f"a server is one of {', '.join(known)}, received {error}") from error


if __name__ == "__main__":
    sys.exit(main())
