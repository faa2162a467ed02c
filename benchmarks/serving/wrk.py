"""Runs of wrk, the load generator, and their reports."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = Path(__file__).with_name("wrk.lua")
_MISSING = "wrk is not installed; on Debian and Ubuntu: apt-get install wrk"


@dataclass(frozen=True)
class Report:
    """The figures that wrk.lua prints at its end; latencies in microseconds."""

    requests: int
    microseconds: int
    p50_us: float
    p99_us: float
    bad_statuses: int
    socket_errors: int

    @property
    def requests_per_second(self) -> float:
        """Return the answers per second."""
        return self.requests / self.microseconds * 1e6


def require() -> None:
    """Raise RuntimeError, with the command that installs it, if wrk is missing."""
    if shutil.which("wrk") is None:
        raise RuntimeError(_MISSING)


def run(url: str, bodies: Path, content_type: str, connections: int, seconds: float) -> Report:
    """Send requests in a closed loop from one thread for `seconds`, rounded to whole ones, and return the report.

    Raises RuntimeError if wrk fails or any answer is an error.
    """
    duration = max(1, round(seconds))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{duration}s", "--timeout", "30s", "-s", _SCRIPT]
    done = subprocess.run(
        [*map(str, command), url, "--", str(bodies), content_type], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"wrk ended with {done.returncode}: {done.stderr or done.stdout}")
    report = parse(done.stdout)
    if report.bad_statuses or report.socket_errors or not report.requests:
        raise RuntimeError(f"{url} at {connections} connections: every request must be answered, found {report}")
    return report


def parse(output: str) -> Report:
    """Return the report in the output of wrk; raise ValueError if there is none."""
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            return Report(**json.loads(line))
    raise ValueError(f"wrk must print a report, received {output[-300:]!r}")
