"""The number of cores that this process may use, by its CPU affinity and its container's quota."""

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def available_cpus(cgroup: Path = CGROUP) -> int:
    """Return the number of cores granted to this process, at least 1; a quota of 1.5 cores counts as 2."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS has no affinities
        cores = os.cpu_count() or 1
    quota = _quota(cgroup)
    return max(1, cores if quota is None else min(cores, math.ceil(quota)))


def _quota(cgroup: Path) -> float | None:
    """Return the CPU quota in cores, from cgroup v2 or v1, or None if there is no limit.

    See https://docs.kernel.org/admin-guide/cgroup-v2.html (cpu.max) and
    https://docs.kernel.org/scheduler/sched-bwc.html (cpu.cfs_quota_us, cpu.cfs_period_us).
    """
    for read in (_quota_v2, _quota_v1):
        try:
            return read(cgroup)
        except (OSError, ValueError):
            continue
    return None


def _quota_v2(cgroup: Path) -> float | None:
    quota, period = (cgroup / "cpu.max").read_text().split()
    return None if quota == "max" else int(quota) / int(period)


def _quota_v1(cgroup: Path) -> float | None:
    quota = int((cgroup / "cpu/cpu.cfs_quota_us").read_text())
    period = int((cgroup / "cpu/cpu.cfs_period_us").read_text())
    return None if quota < 0 else quota / period
