"""GPU memory in use."""

import subprocess


def used_bytes() -> int:
    """Return the bytes in use on all GPUs by all processes, in whole MiB, as nvidia-smi reports them."""
    command = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sum(map(int, printed.split())) * 2**20
