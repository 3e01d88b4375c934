"""What one test plays with: programs and captures. Ends them all, each by its own pid, and keeps what they said.

    stage = Stage(nursery, tmp_path)
    phone = await stage.start("ada", ["baresip", "-f", folder])
    await phone.wait_line("baresip is ready")

Every wait is bounded and says, when it was in vain, for what it waited. `story()` is for the report of a failed test.
"""

import os
import re
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import trio

WAIT_S = 15.0  # for a line, a file, an event that comes within milliseconds on an idle machine
STOP_S = 8.0  # for a program that was asked to end; then it is killed
DRAIN_S = 1.0  # for the last lines of a program that has ended
POLL_S = 0.02  # between looks at what cannot be waited for: files, the kernel's tables
STORY_LINES = 200  # the last ones of each program

T = TypeVar("T")


class InVain(AssertionError):
    """Something did not happen in time."""


class Program:
    """A process and all the lines that it has printed, on either stream."""

    def __init__(self, name: str, process: trio.Process) -> None:
        self.name = name
        self.process = process
        self.lines: list[str] = []
        self._news = trio.Event()
        self._exited = trio.Event()

    @property
    def is_running(self) -> bool:
        """Whether it has not exited."""
        return self.process.poll() is None

    async def read(self) -> None:
        """Collects what it prints until it closes its output; for the stage."""
        assert self.process.stdout is not None, "programs are started with a pipe"
        rest = b""
        async for data in self.process.stdout:
            *whole, rest = (rest + data).split(b"\n")
            self._add(whole)
        self._add([rest] if rest else [])
        await self.process.wait()
        self._exited.set()
        self._ring()

    async def wait_line(self, pattern: str, *, within_s: float = WAIT_S, after: int = 0) -> re.Match[str]:
        """The first line, from line number `after` on, that `pattern` is found in."""
        seen = after
        with trio.move_on_after(within_s):
            while True:
                news, has_exited = self._news, self._exited.is_set()
                for line in self.lines[seen:]:
                    if found := re.search(pattern, line):
                        return found
                seen = max(seen, len(self.lines))
                if has_exited:
                    raise InVain(f"{self.name} ended (exit code {self.process.returncode}) before printing {pattern!r}")
                await news.wait()
        raise InVain(f"{self.name} has not printed {pattern!r} within {within_s} s")

    async def wait_exit(self, *, within_s: float = WAIT_S) -> int:
        """The exit code, with all output read; negative: the signal that ended it."""
        with trio.move_on_after(within_s):
            code = await self.process.wait()
            with trio.move_on_after(DRAIN_S):  # a grandchild may hold the pipe open, or its reader be cancelled
                await self._exited.wait()
            return code
        raise InVain(f"{self.name} has not ended within {within_s} s")

    async def stop(self, ask: signal.Signals = signal.SIGTERM) -> int:
        """Asks it to end, kills it if it does not; the exit code."""
        if self.is_running:
            self.process.send_signal(ask)
        try:
            return await self.wait_exit(within_s=STOP_S)
        except InVain:
            return await self.kill()

    async def kill(self) -> int:
        """Ends it as `kill -9` does; the exit code."""
        self.process.kill()
        return await self.wait_exit()

    def _add(self, lines: Sequence[bytes]) -> None:
        self.lines += [line.decode(errors="replace").rstrip("\r") for line in lines]
        self._ring()

    def _ring(self) -> None:
        self._news.set()
        self._news = trio.Event()


class Stage:
    """Everything that one test started. `folder` is the test's own."""

    def __init__(self, nursery: trio.Nursery, folder: Path) -> None:
        self.folder = folder
        self.programs: list[Program] = []
        self.cleanup = ExitStack()  # for what is no program: sockets
        self.before_end: list[Callable[[], Awaitable[None]]] = []  # while the programs still run
        self.at_end: list[Callable[[], None]] = []  # checks of how the programs ended
        self._nursery = nursery
        self._chapters: list[tuple[str, Callable[[], str]]] = []

    async def start(self, name: str, command: Sequence[str | os.PathLike[str]], *, cwd: Path | None = None) -> Program:
        """Starts `command`; the name stands over its output in a failed test's report."""
        process = await trio.lowlevel.open_process(
            [os.fspath(word) for word in command],
            cwd=cwd or self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        program = Program(name, process)
        self.programs.append(program)
        self._nursery.start_soon(program.read)
        return program

    def run(self, task: Callable[[], Awaitable[None]]) -> None:
        """Runs `task` beside the test, no longer than it."""
        self._nursery.start_soon(task)

    async def close(self) -> None:
        """Ends whatever still runs, the youngest first: phones say goodbye to a PBX that is still there."""
        for task in self.before_end:
            with suppress(InVain):
                await task()
        for program in reversed(self.programs):
            with trio.CancelScope(shield=True):  # bounded: STOP_S, then a kill
                await program.stop()
        self.cleanup.close()
        for check in self.at_end:
            check()

    def add_chapter(self, title: str, text: Callable[[], str]) -> None:
        """Something more for the report of a failed test: a ladder, a log file."""
        self._chapters.append((title, text))

    def story(self) -> list[tuple[str, str]]:
        """Titles and texts that tell a failed test's reader what everybody did and said."""
        said = [(p.name, "\n".join([line for line in p.lines if line][-STORY_LINES:])) for p in self.programs]
        told = [(title, text()) for title, text in self._chapters]
        return [(title, text) for title, text in (*told, *said) if text]


@contextmanager
def waiting_for(what: Callable[[], str], *, within_s: float = WAIT_S) -> Iterator[None]:
    """Bounds its body; `what` is asked only where it was in vain."""
    with trio.move_on_after(within_s) as scope:
        yield
    if scope.cancelled_caught:
        raise InVain(f"{what()}: not within {within_s} s")


async def eventually(look: Callable[[], T | None], what: str, *, within_s: float = WAIT_S, poll_s: float = POLL_S) -> T:
    """What `look` gives once it is neither None nor false. For what nobody can be told of: files, kernel tables."""

    async def look_again() -> T | None:
        return look()

    return await eventually_async(look_again, what, within_s=within_s, poll_s=poll_s)


async def eventually_async(
    look: Callable[[], Awaitable[T | None]], what: str, *, within_s: float = WAIT_S, poll_s: float = POLL_S
) -> T:
    """The same where looking takes a while."""
    with trio.move_on_after(within_s):
        while True:
            if found := await look():
                return found
            await trio.sleep(poll_s)
    raise InVain(f"{what}: not within {within_s} s")
