"""The number of cores granted by affinity and by the container's quota."""

import os
from pathlib import Path

import pytest

from app.cpus import available_cpus


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


@pytest.fixture
def sixteen_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))


@pytest.mark.usefixtures("sixteen_cores")
@pytest.mark.parametrize(
    ("limit", "cores"), [("max 100000", 16), ("200000 100000", 2), ("150000 100000", 2), ("10000 100000", 1)]
)
def test_a_cgroup_v2_quota_limits_the_cores(tmp_path: Path, limit: str, cores: int) -> None:
    assert available_cpus(write(tmp_path, cpu_dot_max=limit)) == cores


@pytest.mark.usefixtures("sixteen_cores")
@pytest.mark.parametrize(("quota", "cores"), [("-1", 16), ("300000", 3)])
def test_a_cgroup_v1_quota_limits_the_cores(tmp_path: Path, quota: str, cores: int) -> None:
    files = {"cpu__cpu_dot_cfs_quota_us": quota, "cpu__cpu_dot_cfs_period_us": "100000"}
    assert available_cpus(write(tmp_path, **files)) == cores


@pytest.mark.usefixtures("sixteen_cores")
def test_without_a_container_all_granted_cores_count(tmp_path: Path) -> None:
    assert available_cpus(tmp_path) == 16


def test_this_machine_grants_at_least_one_core() -> None:
    assert available_cpus() >= 1
