"""Processors, memory and limits, of the container where there is one."""

import os
import re
import resource
from pathlib import Path

from pbx.doctor.facts import Machine

CGROUP = Path("/sys/fs/cgroup")
KIB = 1024


def see_machine(*, server: int | None) -> Machine:
    """`server` is the process of our own server, whose limits count then; None where none runs."""
    total, available = memory_bytes(Path("/proc/meminfo").read_text(), _number(CGROUP / "memory.max"))
    of_server = None if not server else open_files_limit(_text(Path(f"/proc/{server}/limits")))
    return Machine(
        cpus=_cpus(),
        memory_bytes=total,
        memory_available_bytes=available,
        descriptors=resource.getrlimit(resource.RLIMIT_NOFILE)[0] if of_server is None else of_server,
        descriptors_whose="this shell" if of_server is None else "the running server",
        receive_buffer_bytes=_number(Path("/proc/sys/net/core/rmem_max")),
    )


def memory_bytes(meminfo: str, limit: int | None) -> tuple[int, int]:
    """All of it and what is available; `limit` is the container's, which has no figure of its own for the latter."""
    kib = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+) kB$", meminfo, re.MULTILINE)}
    total = kib.get("MemTotal", 0) * KIB
    available = kib.get("MemAvailable", kib.get("MemFree", 0)) * KIB
    return (total, available) if limit is None else (min(total, limit), min(available, limit))


def open_files_limit(limits: str) -> int | None:
    """The soft limit in /proc/PID/limits; None where it is not told."""
    found = re.search(r"^Max open files\s+(\d+)", limits, re.MULTILINE)
    return int(found[1]) if found else None


def quota_cpus(cpu_max: str) -> float | None:
    """The container's share, in processors: "150000 100000" is 1.5; None: no limit."""
    quota, _, period = cpu_max.partition(" ")
    return int(quota) / int(period) if quota.isdecimal() and period.strip().isdecimal() else None


def _cpus() -> float:
    allotted = float(len(os.sched_getaffinity(0)))
    return min(allotted, quota_cpus(_text(CGROUP / "cpu.max")) or allotted)


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
