"""`python -m benchmarks.gpu`: Slipway's session beside onnxruntime's on a GPU, and the whole service over Arrow."""

import argparse
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from app.session import CPU, Session, cuda_status
from benchmarks.gpu import raw
from benchmarks.gpu.curves import SIZES, Run, curve, table
from benchmarks.gpu.service import rows_per_second
from benchmarks.networks import dense_network, random_layers

_RESULTS = Path(__file__).parents[1] / "results"
_NETWORKS = ((30, 128, 64, 2), (256, 1024, 1024, 512, 10))
_LIMIT = "raw session, CUDA graph"
_STREAM_ROWS = (4096, 32768)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write the tables; return 0, also without a usable GPU, after saying so."""
    options = _parser().parse_args(arguments)
    if not cuda_status().usable:
        print(f"nothing was measured, there is no usable GPU: {cuda_status().reason}")
        return 0
    report = "\n".join(_report(options.seconds))
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / f"{options.name}.md").write_text(report, encoding="utf-8")
    print(report)
    return 0


def _report(seconds: float) -> Iterator[str]:
    yield f"# On a GPU\n\n{_about()}"
    for widths in _NETWORKS:
        model = dense_network(random_layers(widths), "Softmax")
        yield f"## {' → '.join(map(str, widths))}\n\n{table(curve(_runs(model), widths[0]), _LIMIT)}"
    yield "## The service over Arrow, one worker\n"
    if find_spec("pyarrow") is None:
        yield "Not measured: pyarrow is not installed (extra `arrow`).\n"
        return
    yield "| rows a stream | provider | rows/s |\n|---:|---|---:|"
    for rows in _STREAM_ROWS:
        for provider in ("CUDAExecutionProvider", CPU):
            settings = {"SLIPWAY_PROVIDERS": provider, "SLIPWAY_MAX_BATCH_ROWS": str(SIZES[-1])}
            yield f"| {rows:,} | {provider} | {rows_per_second(rows, seconds, settings):,.0f} |"
    yield ""


def _runs(model: bytes) -> dict[str, Run]:
    """Return the ways to run the graph by name; the first, the CPU with one thread, gives the reference answers."""
    cpu, gpu = Session(model, 1, (CPU,)), Session(model, 1, max_batch_rows=SIZES[-1])
    return {
        "CPU, 1 thread": lambda rows: cpu.run({"number": rows})["output"],
        _LIMIT: raw.replayed(model),
        "Slipway": lambda rows: gpu.run({"number": rows})["output"],
        "session.run": raw.plain(model),
    }


def _about() -> str:
    command = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    gpu = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    facts = {
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "GPU and driver": gpu,
        "versions": f"Python {platform.python_version()}, onnxruntime-gpu {version('onnxruntime-gpu')}",
    }
    return "".join(f"- {name}: {value}\n" for name, value in facts.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="seconds per load of the service (5)")
    parser.add_argument("--name", default="gpu", help="name of the results file (gpu)")
    parser.add_argument("--output", type=Path, default=_RESULTS, help="folder for the results (benchmarks/results)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
