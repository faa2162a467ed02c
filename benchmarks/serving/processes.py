"""CPU time and memory of a process and all its descendants, from Linux's /proc."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Usage:
    """Of a whole process tree. Pages that processes share count in `rss_bytes` once for each."""

    cpu_seconds: float
    rss_bytes: int


@dataclass(frozen=True)
class _Stat:
    pid: int
    parent: int
    ticks: int
    pages: int


def usage(pid: int) -> Usage:
    """Usage so far; time of children that ended stays counted in the parent that waited for them."""
    tree = list(_tree(pid))
    return Usage(sum(one.ticks for one in tree) / _TICKS, sum(one.pages for one in tree) * _PAGE)


def tree(pid: int) -> list[int]:
    """Ids of a process and its descendants, parents first."""
    return [one.pid for one in _tree(pid)]


def machine_busy_seconds() -> float:
    """Core-seconds that this machine has been busy since it started, steal included."""
    fields = [int(one) for one in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _iowait, irq, softirq, steal = fields[:8]
    return (user + nice + system + irq + softirq + steal) / _TICKS


def _tree(pid: int) -> Iterator[_Stat]:
    processes = {one.pid: one for one in _all()}
    wanted = [pid]
    while wanted:
        parent = wanted.pop(0)
        if parent in processes:
            yield processes[parent]
        wanted += [one.pid for one in processes.values() if one.parent == parent]


def _all() -> Iterator[_Stat]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):  # it has just ended
                continue
            yield _parse(int(folder.name), text)


def _parse(pid: int, text: str) -> _Stat:
    """Fields of proc_pid_stat(5) after the name, which may hold anything up to the last parenthesis."""
    fields = text.rpartition(")")[2].split()
    return _Stat(pid, int(fields[1]), sum(map(int, fields[11:15])), int(fields[21]))
