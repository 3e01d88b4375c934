"""Programs under measurement: started on the cores that they get, read, and ended by their own number.

The generator has the machine's last core to itself, whoever is measured has the others. As root all of them stand above
whatever else the machine does, each subject by the same measure: otherwise delays would tell of the neighbours.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SUBJECT_NICE = -15
LOOK_S = 0.05  # between two looks whether it has
END_S = 10.0  # for a program to end when it is asked to; then it is made to
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cores() -> tuple[set[int], int]:
    """The cores for a subject, and the one for the generator; on a machine with one core they share it."""
    usable = sorted(os.sched_getaffinity(0))
    return set(usable[:-1]) or set(usable), usable[-1]


@contextmanager
def beside_the_generator() -> Iterator[int]:
    """Keeps this process, and what it starts meanwhile, off the generator's core, whose number is given."""
    before = os.sched_getaffinity(0)
    ours, generators = cores()
    os.sched_setaffinity(0, ours)
    try:
        yield generators
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def raised() -> Iterator[None]:
    """What is started meanwhile runs with SUBJECT_NICE, where that is allowed."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, SUBJECT_NICE)
    try:
        yield
    finally:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, before)


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, *, cwd: Path | None = None, stdout: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    """The program in a session of its own; what it complains of goes to `log`. It is gone when the block is left.

    What it says (`stdout`) must be read, or be nobody's business (DEVNULL): it would stop when its pipe is full.
    """
    with log.open("a", encoding="utf-8") as complaints, raised():
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=complaints,
            text=True,
            cwd=cwd,
            start_new_session=True,
        )
        # Linux schedules sessions as groups, and between groups a process's own nice says nothing (sched(7)).
        with suppress(OSError):
            Path(f"/proc/{process.pid}/autogroup").write_text(str(SUBJECT_NICE), encoding="ascii")
    with process:
        try:
            yield process
        finally:
            end(process)


def end(process: subprocess.Popen[str]) -> None:
    """Ends the whole session that `process` leads, politely, then at once: the next subject wants quiet and ports."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        ends_at = time.monotonic() + END_S
        while time.monotonic() < ends_at:
            process.poll()
            if not any(members(process.pid)):
                return
            time.sleep(LOOK_S)


def members(leader: int) -> Iterator[tuple[int, str]]:
    """Number and name of every process in the session of `leader`."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, fields = path.read_text().partition("(")[2].rpartition(")")
            if int(fields.split()[3]) == leader:
                yield int(path.parent.name), name


def member(leader: int, program: str, *, within_s: float = 10.0) -> int:
    """The process called `program` in the session of `leader`: who starts through shells is not the one who works."""
    ends_at = time.monotonic() + within_s
    while time.monotonic() < ends_at:
        for pid, name in members(leader):
            if name == program:
                return pid
        time.sleep(LOOK_S)
    raise TimeoutError(f"{program} did not start within {within_s} s")


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor time up to one moment, in seconds."""

    at: float  # monotonic
    subject_s: float
    generator_s: float
    idle_s: float  # of all cores together; what a hypervisor took away counts as idle

    @classmethod
    def now(cls, *, subject_s: float, generator_s: float) -> Usage:
        """With what the two have used up to now, and the machine."""
        return cls(time.monotonic(), subject_s, generator_s, idle_s())

    def others_cores_since(self, earlier: Usage) -> float:
        """How many cores others kept busy since then: neither the subject, nor the generator."""
        subject_s = self.subject_s - earlier.subject_s
        return (self.busy_s_since(earlier) - subject_s) / (self.at - earlier.at)

    def busy_s_since(self, earlier: Usage) -> float:
        """What the whole machine has worked since then, less the generator."""
        lasted_s = (self.at - earlier.at) * (os.cpu_count() or 1)
        return lasted_s - (self.idle_s - earlier.idle_s) - (self.generator_s - earlier.generator_s)


def process_s(pid: int) -> float:
    """User and system time of all threads of a process. The scheduler's own count, in nanoseconds: the sum of utime and
    stime in /proc/PID/stat is the same, rounded to 10 ms.
    """
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def session_s(leader: int) -> float:
    """User and system time of all processes in the session of `leader`, with threads and children that are gone.

    Asterisk has a thread for each call, so what its live threads have used is not all; the kernel's sum for the whole
    process has it all, but in steps of 10 ms. The larger of the two is the nearer.
    """
    found = 0.0
    for pid, _ in members(leader):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            own, of_children = (int(fields[first]) + int(fields[first + 1]) for first in (11, 13))
            found += max(own / TICKS_PER_S, process_s(pid)) + of_children / TICKS_PER_S
    return found


def session_kb(leader: int) -> float:
    """Memory of all processes in the session of `leader`, in kB; pages that several share count once in all."""
    found = 0
    for pid, _ in members(leader):
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            found += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return found


def idle_s() -> float:
    """Idle, waiting for disks, or stolen, since boot; idle time is counted, busy time is only sampled by the kernel."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    idle, iowait, steal = int(fields[4]), int(fields[5]), int(fields[8])
    return (idle + iowait + steal) / TICKS_PER_S
