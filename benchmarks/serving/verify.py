"""`python -m benchmarks.serving.verify`: check that each of millions of answers belongs to its own rows."""

import argparse
import asyncio
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import uvloop

from benchmarks.serving import bundle
from benchmarks.serving.checking import OUTCOMES, Caller, Questions
from benchmarks.serving.loads import json_load
from benchmarks.serving.servers.catalog import catalog, started

_SILENCE_SECONDS = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Start a server, send the requests and count the outcomes; return 1 unless every answer was right."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        bundle.publish(Path(name))
        server = catalog()[options.server]
        with started(server, options.workers, Path(name), json_load(1, 1)) as running:
            began = time.perf_counter()
            counts = ask(running.url, options.requests, options.connections, options.processes, options.abandon)
            seconds = time.perf_counter() - began
    asked = counts.total() - counts["abandoned"]
    shown = ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in OUTCOMES)
    print(f"{server.name}: {asked:,} requests in {seconds:,.0f} s ({asked / seconds:,.0f} a second): {shown}")
    return 0 if counts["right"] == asked == options.requests else 1


def ask(url: str, requests: int, connections: int, processes: int, abandon: float) -> Counter[str]:
    """Send the requests from several processes and return how often each outcome occurred."""
    shares = [(requests + index) // processes for index in range(processes)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        work = partial(_ask, url, max(1, connections // processes), abandon)
        return sum(pool.map(work, shares, range(processes)), Counter())


def _ask(url: str, connections: int, abandon: float, requests: int, seed: int) -> Counter[str]:
    questions = Questions(url, requests, abandon, seed)
    return uvloop.run(_converse(questions, connections))


async def _converse(questions: Questions, connections: int) -> Counter[str]:
    """Keep the connections busy until every request has an outcome, or nothing arrives for too long."""
    loop = asyncio.get_running_loop()
    callers = [Caller(questions, loop) for _ in range(connections)]
    for caller in callers:
        caller.dial()
    seen = -1
    while not all(caller.finished.done() for caller in callers):
        await asyncio.wait([caller.finished for caller in callers], timeout=_SILENCE_SECONDS)
        if questions.counts.total() == seen:
            for caller in callers:
                caller.give_up()
        seen = questions.counts.total()
    return questions.counts


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving.verify", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000_000, help="requests to check (10000000)")
    parser.add_argument("--server", choices=[*catalog()], default="slipway", help="server to check (slipway)")
    parser.add_argument("--workers", type=int, default=2, help="worker processes of the server (2)")
    parser.add_argument("--connections", type=int, default=128, help="kept-alive connections (128)")
    parser.add_argument("--processes", type=int, default=1, help="processes that send requests (1)")
    parser.add_argument(
        "--abandon",
        type=float,
        default=0.001,
        help="share of further requests whose caller leaves before the answer (0.001)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
