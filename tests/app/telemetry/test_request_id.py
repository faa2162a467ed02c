"""Request ids across processes."""

import subprocess
import sys

FORK = """
import os
from app.telemetry.request_id import request_id
print(request_id(None), flush=True)
if child := os.fork():
    os.waitpid(child, 0)
print(request_id(None), flush=True)
"""


def test_a_forked_process_makes_ids_of_its_own() -> None:
    printed = subprocess.run([sys.executable, "-c", FORK], check=True, capture_output=True, text=True, timeout=30)
    _, *later = printed.stdout.split()
    assert len(later) == 2
    assert later[0] != later[1]
