"""`python -m benchmarks.startup`: seconds from the command to the first correct answer, beside two limits.

The service starts on the shipped bundle and is asked to predict one row until it answers. The limits, measured in the
same run, are the time to import FastAPI and onnxruntime, and the first answer of a bare uvicorn.
"""

import argparse
import json
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.serving.processes import usage

_BUNDLE = Path(__file__).parents[1] / "models/credit_scoring/1"
_ANSWER_SECONDS, _POLL_SECONDS = 60.0, 0.005
_IMPORTS = "import fastapi, onnxruntime"
_UVICORN = ["-m", "uvicorn", "benchmarks.serving.servers.limit:app", "--lifespan", "off", "--log-level", "warning"]


@dataclass(frozen=True)
class Start:
    """Wall and CPU seconds of a process tree until its first correct answer, or until it ends."""

    seconds: float
    cpu_seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table of medians, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="starts of each, after one that fills the caches (5)")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="worker counts of the service (1 2)")
    options = parser.parse_args(arguments)
    measured: dict[str, Callable[[], Start]] = {
        _IMPORTS: partial(run, ["-c", _IMPORTS]),
        "bare uvicorn": partial(start, _UVICORN),
        **{f"slipway --workers {count}": partial(start, service(count)) for count in options.workers},
    }
    rounds = [{name: measure() for name, measure in measured.items()} for _ in range(options.rounds + 1)][1:]
    print("| started | seconds, median (least) | CPU seconds | × the import |")
    print("|---|---:|---:|---:|")
    for name in measured:
        seconds = [starts[name].seconds for starts in rounds]
        cpu = statistics.median(starts[name].cpu_seconds for starts in rounds)
        ratio = statistics.median(starts[name].seconds / starts[_IMPORTS].seconds for starts in rounds)
        print(f"| `{name}` | {statistics.median(seconds):.2f} ({min(seconds):.2f}) | {cpu:.2f} | {ratio:.2f} |")
    return 0


def service(workers: int) -> list[str]:
    """Return the arguments to Python that serve the shipped bundle."""
    return ["-m", "app", "serve", "--models", str(_BUNDLE.parents[1]), "--workers", str(workers)]


def run(arguments: Sequence[str]) -> Start:
    """Measure a command that ends by itself."""
    began, before = time.perf_counter(), _children_seconds()
    subprocess.run([sys.executable, *arguments], check=True)
    return Start(time.perf_counter() - began, _children_seconds() - before)


def start(arguments: Sequence[str], port: int | None = None) -> Start:
    """Measure a server on a port, by default a free one.

    Raises RuntimeError if the server ends, or gives no correct answer in time.
    """
    port = port or free_port()
    body = _body()
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not _answers(port, body):
            if process.poll() is not None or time.perf_counter() - began > _ANSWER_SECONDS:
                raise RuntimeError(f"{' '.join(arguments)} must answer within {_ANSWER_SECONDS:g} s")
            time.sleep(_POLL_SECONDS)
        return Start(time.perf_counter() - began, usage(process.pid).cpu_seconds)
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _body() -> str:
    features = json.loads((_BUNDLE / "manifest.json").read_text())["features"]
    return json.dumps({"instances": [{feature["name"]: feature["example"] for feature in features}]})


def _answers(port: int, body: str) -> bool:
    """Return whether the server answers a row with 200; false while it is not listening or not ready."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        try:
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            return connection.getresponse().status == 200
        except OSError:
            return False


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
