"""Cores and memory that a run may use on this machine."""

import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import psutil

from metatune.errors import OptionError

__all__ = ["available_cores", "available_memory", "parse_memory"]

_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt])(i?)b?")
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}
_LEAST_MEMORY = 300_000_000  # a worker holds about half of it before it has learned anything
_SLURM = ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE")


def available_cores(root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> int:
    """Count the cores that this process may use.

    Parameters
    ----------
    root : Path
        Where ``proc`` and ``sys`` are found.
    environ : mapping of str to str
        Environment variables.

    Returns
    -------
    int
        At least 1: the least of the process's affinity, the CPU quota of its control groups
        (rounded up) and what SLURM granted.
    """
    limits = [allowed_cores(), *(math.ceil(quota) for quota in _cpu_quotas(root))]
    granted = next((environ[name] for name in _SLURM if environ.get(name, "").isdigit()), None)
    if granted is not None:
        limits.append(int(granted))
    return max(1, min(limits))


def available_memory(root: Path = Path("/")) -> int:
    """Return the bytes that can be used without swapping, on the machine and in the control group.

    Parameters
    ----------
    root : Path
        Where ``proc`` and ``sys`` are found.
    """
    return max(0, min([int(psutil.virtual_memory().available), *_group_memory(root)]))


def parse_memory(size: str | int) -> int:
    """Turn ``"4GB"``, ``"512MB"``, ``"1.5g"`` or ``"2GiB"`` into bytes.

    Parameters
    ----------
    size : str or int
        A size with its unit: kB, MB, GB, TB are powers of 1000, KiB, MiB, GiB, TiB of 1024. A
        number is one of bytes.

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    OptionError
        If the text is no size, or too small for any worker.
    """
    advice = "use a size like 4GB or 800MB"
    said = repr(size) if isinstance(size, str) else f"{size} (bytes)"
    n_bytes = _bytes_of(size, advice) if isinstance(size, str) else int(size)
    if n_bytes < _LEAST_MEMORY:
        least = _LEAST_MEMORY // 1_000_000
        raise OptionError(f"memory limit {said} is below {least}MB, what a worker needs: {advice}")
    return n_bytes


def _bytes_of(text: str, advice: str) -> int:
    found = _MEMORY.fullmatch(text.strip().lower())
    if found is None:
        raise OptionError(f"memory limit {text!r} is not a size with a unit: {advice}")
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** _POWERS[unit])


def allowed_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_quotas(root: Path) -> Iterator[float]:
    """Quotas of this process's control groups and those above, in cores."""
    for folder in _groups(root, ""):  # version 2
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        if quota.isdigit() and period.isdigit() and int(period) > 0:
            yield int(quota) / int(period)
    for folder in _groups(root, "cpu"):  # version 1
        quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit() and int(period) > 0:  # -1 means no quota
            yield int(quota) / int(period)


def _group_memory(root: Path) -> Iterator[int]:
    """Bytes that are left in this process's control groups and those above."""
    for controller, limit_name, usage_name in (
        ("", "memory.max", "memory.current"),  # version 2
        ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),  # version 1
    ):
        for folder in _groups(root, controller):
            limit, usage = _read(folder / limit_name), _read(folder / usage_name)
            if limit.isdigit() and usage.isdigit():
                yield int(limit) - int(usage) + _reclaimable(folder)


def _reclaimable(folder: Path) -> int:
    """Bytes of the page cache that count as used and would be given back at need."""
    found = re.search(r"^(?:total_)?inactive_file (\d+)$", _read(folder / "memory.stat"), re.M)
    return int(found.group(1)) if found else 0


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Folders of the process's control group for a controller ("" for version 2) up to the root.

    In a container the path is often that of the host, which is not to be seen; then only the
    folders above that exist are read.
    """
    base = root / "sys/fs/cgroup" / controller
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controller in controllers.split(","):
            group = PurePosixPath(path.lstrip("/"))
            yield from (base / parent for parent in (group, *group.parents))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
