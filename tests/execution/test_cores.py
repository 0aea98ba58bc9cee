"""Cores and memory, on machines made of files."""

import os
from pathlib import Path

import psutil
import pytest

from metatune.errors import OptionError
from metatune.execution import cores
from metatune.execution.cores import available_cores, available_memory, parse_memory

GB = 10**9


@pytest.fixture(autouse=True)
def _sixteen_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "allowed_cores", lambda: 16)


def machine(root: Path, groups: str) -> Path:
    """Make a root with a process in control groups."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups, encoding="ascii")
    return root


def write(root: Path, name: str, content: str) -> None:
    path = root / "sys/fs/cgroup" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="ascii")


def test_affinity_counts_where_nothing_else_limits(tmp_path: Path) -> None:
    assert available_cores(tmp_path, {}) == 16


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("200000 100000\n", 2),
        ("250000 100000\n", 3),
        ("10000 100000\n", 1),
        ("max 100000\n", 16),
        ("9900000 100000\n", 16),
        ("nonsense\n", 16),
        ("100000 0\n", 16),
    ],
)
def test_quota_of_version_2_is_rounded_up(tmp_path: Path, quota: str, expected: int) -> None:
    root = machine(tmp_path, "0::/user.slice/job\n")
    write(root, "user.slice/job/cpu.max", quota)
    assert available_cores(root, {}) == expected


def test_quota_of_a_group_above_counts(tmp_path: Path) -> None:
    root = machine(tmp_path, "0::/user.slice/job\n")
    write(root, "user.slice/cpu.max", "300000 100000")
    write(root, "user.slice/job/cpu.max", "max 100000")
    assert available_cores(root, {}) == 3


def test_in_a_container_the_path_of_the_host_is_not_needed(tmp_path: Path) -> None:
    root = machine(tmp_path, "0::/docker/0123abc\n")
    write(root, "cpu.max", "400000 100000")
    assert available_cores(root, {}) == 4


def test_quota_of_version_1(tmp_path: Path) -> None:
    root = machine(tmp_path, "4:cpu,cpuacct:/job\n3:memory:/job\n")
    write(root, "cpu/job/cpu.cfs_quota_us", "150000\n")
    write(root, "cpu/job/cpu.cfs_period_us", "100000\n")
    write(root, "cpu/cpu.cfs_quota_us", "-1\n")
    write(root, "cpu/cpu.cfs_period_us", "100000\n")
    assert available_cores(root, {}) == 2


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"SLURM_CPUS_PER_TASK": "3", "SLURM_CPUS_ON_NODE": "8"}, 3),
        ({"SLURM_CPUS_ON_NODE": "8"}, 8),
        ({"SLURM_CPUS_ON_NODE": "64"}, 16),
        ({"SLURM_CPUS_PER_TASK": "", "SLURM_CPUS_ON_NODE": "5"}, 5),
        ({"SLURM_CPUS_PER_TASK": "many"}, 16),
        ({"SLURM_CPUS_PER_TASK": "0"}, 1),
    ],
)
def test_what_slurm_granted_counts(tmp_path: Path, environ: dict[str, str], expected: int) -> None:
    assert available_cores(tmp_path, environ) == expected


def test_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
    assert 0 < available_memory() <= psutil.virtual_memory().total


def test_memory_of_the_machine_where_no_group_limits(tmp_path: Path) -> None:
    measured = available_memory(tmp_path)
    assert abs(measured - psutil.virtual_memory().available) < 2 * GB


@pytest.mark.parametrize(
    ("groups", "prefix", "limit_name", "usage_name"),
    [
        ("0::/job\n", "job", "memory.max", "memory.current"),
        ("3:memory:/job\n", "memory/job", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ],
)
def test_memory_of_the_group_counts_without_the_page_cache(
    tmp_path: Path, groups: str, prefix: str, limit_name: str, usage_name: str
) -> None:
    root = machine(tmp_path, groups)
    write(root, f"{prefix}/{limit_name}", "50000000\n")
    write(root, f"{prefix}/{usage_name}", "40000000\n")
    write(root, f"{prefix}/memory.stat", "anon 7\ninactive_file 25000000\nactive_file 3\n")
    assert available_memory(root) == 35_000_000


def test_memory_of_an_overfull_group_is_none(tmp_path: Path) -> None:
    root = machine(tmp_path, "0::/job\n")
    write(root, "job/memory.max", "1000")
    write(root, "job/memory.current", "2000")
    assert available_memory(root) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4GB", 4 * GB),
        (" 4 gb ", 4 * GB),
        ("1.5g", 1_500_000_000),
        ("800MB", 800_000_000),
        ("2GiB", 2 * 2**30),
        ("512Mi", 512 * 2**20),
        ("1T", 10**12),
        ("900000kB", 900_000_000),
    ],
)
def test_sizes_are_read(text: str, expected: int) -> None:
    assert parse_memory(text) == expected


@pytest.mark.parametrize("text", ["", "4", "GB", "4XB", "-1GB", "4 GB 3", "inf", "1e9GB", "GB4"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="is not a size with a unit: use a size like 4GB"):
        parse_memory(text)


@pytest.mark.parametrize("text", ["0GB", "10MB", "299.9MB"])
def test_too_little_memory_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="is below 300MB, what a worker needs"):
        parse_memory(text)
