import subprocess
import sys
from collections.abc import Iterator

import pytest

from benchmarks.serving import processes

BUSY = """
import subprocess, sys, time
def burn(seconds):
    while time.process_time() < seconds: pass
if len(sys.argv) > 1:
    burn(0.4)
else:
    gone = subprocess.run([sys.executable, __file__, "child"])
    stays = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    burn(0.3)
    print("done", flush=True)
    sys.stdin.read()
    stays.terminate()
    stays.wait()
"""


@pytest.fixture
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """A process that used 0.3 s itself, had a child that used 0.4 s and ended, and has one that sleeps."""
    script = tmp_path_factory.mktemp("busy") / "busy.py"
    script.write_text(BUSY)
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        yield process
        process.communicate()


def test_cpu_time_is_that_of_the_whole_tree_with_children_that_ended(busy: subprocess.Popen[str]) -> None:
    assert 0.65 <= processes.usage(busy.pid).cpu_seconds <= 1.5


def test_memory_and_ids_are_those_of_the_whole_tree(busy: subprocess.Popen[str]) -> None:
    assert len(processes.tree(busy.pid)) == 2
    assert processes.tree(busy.pid)[0] == busy.pid
    alone = max(processes.usage(pid).rss_bytes for pid in processes.tree(busy.pid)[1:])
    assert processes.usage(busy.pid).rss_bytes > 1.5 * alone > 1e6


def test_a_process_that_is_gone_used_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert processes.usage(process.pid) == processes.Usage(0.0, 0)


def test_the_machine_is_at_least_as_busy_as_one_process() -> None:
    before = processes.machine_busy_seconds()
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"], check=True)
    assert processes.machine_busy_seconds() - before >= 0.25
