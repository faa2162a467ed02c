"""How much GPU memory is taken."""

import subprocess


def used_bytes() -> int:
    """Of all GPUs of this machine and all their processes, in steps of a MiB, as the driver's own tool tells it."""
    command = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sum(map(int, told.split())) * 2**20
