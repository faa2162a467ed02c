"""CPU time and memory of a process and all its descendants, from Linux's /proc."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Usage:
    """CPU time and memory of a process tree; `rss_bytes` counts shared pages once for each process."""

    cpu_seconds: float
    rss_bytes: int


@dataclass(frozen=True)
class _Stat:
    pid: int
    parent: int
    ticks: int
    pages: int


def usage(pid: int) -> Usage:
    """Return the usage so far; a parent's CPU time includes the children that ended and that it waited for."""
    tree = list(_tree(pid))
    return Usage(sum(process.ticks for process in tree) / _TICKS, sum(process.pages for process in tree) * _PAGE)


def tree(pid: int) -> list[int]:
    """Return the ids of a process and its descendants, parents first."""
    return [process.pid for process in _tree(pid)]


def machine_busy_seconds() -> float:
    """Return the core-seconds that this machine was busy since it started, including steal time."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _iowait, irq, softirq, steal = fields[:8]
    return (user + nice + system + irq + softirq + steal) / _TICKS


def _tree(pid: int) -> Iterator[_Stat]:
    processes = {process.pid: process for process in _all()}
    wanted = [pid]
    while wanted:
        parent = wanted.pop(0)
        if parent in processes:
            yield processes[parent]
        wanted += [process.pid for process in processes.values() if process.parent == parent]


def _all() -> Iterator[_Stat]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):  # the process has just ended
                continue
            yield _parse(int(folder.name), text)


def _parse(pid: int, text: str) -> _Stat:
    """Return the needed fields of proc_pid_stat(5), which follow the last parenthesis of the process name."""
    fields = text.rpartition(")")[2].split()
    return _Stat(pid, int(fields[1]), sum(map(int, fields[11:15])), int(fields[21]))
