"""The life of the web process as its supervisor sees it, in virtual time; with real processes: tests/peers."""

from collections.abc import Callable
from pathlib import Path

import pytest
import trio
import trio.testing

from pbx import liveness, supervise
from pbx.liveness import ANSWER_S, ASK_EVERY_S, MISSES_MAX
from pbx.supervise import BACK_OFF_MAX_S, STEADY_S, URL_FILE, run_web

URL = b'{"web": "http://127.0.0.1:4711"}\n'


@pytest.fixture(autouse=True)
def web_answers(monkeypatch) -> list[bool]:
    """What each question whether it still answers finds, in order; True when there are no more."""
    found: list[bool] = []

    async def answers(url: str) -> bool:
        is_alive = found.pop(0) if found else True
        await trio.sleep(0 if is_alive else ANSWER_S)
        return is_alive

    monkeypatch.setattr(liveness, "answers", answers)
    return found


class Pipe:
    """Standard output that says something, and then is silent until the process ends."""

    def __init__(self, said: bytes, ended: trio.Event) -> None:
        self._said = said
        self._ended = ended

    async def receive_some(self, _max: int) -> bytes:
        await trio.lowlevel.checkpoint()
        if not self._said:
            await self._ended.wait()
        said, self._said = self._said, b""
        return said

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


class Process:
    """A web process that says something at once, and ends after a while or when its input closes."""

    def __init__(self, said: bytes, *, lasts_s: float) -> None:
        self._ended = trio.Event()
        self._ends_at = trio.current_time() + lasts_s
        self.stdout = Pipe(said, self._ended)
        self.stdin = self
        self.returncode: int | None = None
        self.was_killed = False

    async def wait(self) -> int:
        with trio.move_on_at(self._ends_at):
            await self._ended.wait()
        self._end(1)
        return 1

    def poll(self) -> int | None:
        return self.returncode

    def kill(self) -> None:
        self.was_killed = True
        self._end(-9)

    async def aclose(self) -> None:
        self._end(0)
        await trio.lowlevel.checkpoint()

    def _end(self, code: int) -> None:
        if self.returncode is None:
            self.returncode = code
        self._ended.set()


class Stubborn(Process):
    """It does not care whether its input closes."""

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


async def starts(monkeypatch, folder: Path, make: Callable[[], Process], within_s: float, port: int = 0) -> list:
    """When it was started, and with which command, while it was supervised for so long."""
    started = []

    async def open_process(command, **_):
        await trio.lowlevel.checkpoint()
        started.append((trio.current_time(), command[-1]))
        return make()

    monkeypatch.setattr(supervise.trio.lowlevel, "open_process", open_process)
    with trio.move_on_after(within_s):
        await run_web(folder, ("127.0.0.1", port), lambda url: None)
    return started


async def test_one_that_cannot_start_is_tried_again_less_and_less_often(autojump_clock, monkeypatch, tmp_path):
    def none() -> Process:
        raise OSError("no memory")

    times = [at for at, _ in await starts(monkeypatch, tmp_path, none, 125.0)]
    assert times == [0, 1, 3, 7, 15, 31, 61, 91, 121]
    assert times[-1] - times[-2] == BACK_OFF_MAX_S


async def test_one_that_ran_for_long_is_started_again_soon(autojump_clock, monkeypatch, tmp_path):
    def steady() -> Process:
        return Process(b'{"web": "http://127.0.0.1:8080"}\n', lasts_s=STEADY_S)

    times = [at for at, _ in await starts(monkeypatch, tmp_path, steady, 200.0)]
    assert times == [0, 61, 122, 183]


async def test_the_port_that_the_first_one_found_is_the_others_too(autojump_clock, monkeypatch, tmp_path):
    def found() -> Process:
        return Process(URL, lasts_s=5.0)

    addresses = [address for _, address in await starts(monkeypatch, tmp_path, found, 20.0)]
    assert addresses == ["127.0.0.1:0", "127.0.0.1:4711", "127.0.0.1:4711"]


async def test_where_it_is_stands_in_a_file_while_it_is_supervised(autojump_clock, monkeypatch, tmp_path):
    seen = []

    def found() -> Process:
        return Process(URL, lasts_s=5.0)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(starts, monkeypatch, tmp_path, found, 3.0)
        await trio.sleep(1)
        seen.append((tmp_path / URL_FILE).read_text())
    assert seen == ["http://127.0.0.1:4711\n"]
    assert not (tmp_path / URL_FILE).exists()


async def test_one_that_says_nonsense_or_nothing_is_ended_and_tried_again(autojump_clock, monkeypatch, tmp_path):
    for said in (b"nonsense\n", b'{"web": 1', b"[]\n", b'{"web": []}\n', b""):
        made = []

        def odd(said: bytes = said, made: list = made) -> Process:
            made.append(Process(said, lasts_s=1e6))
            return made[-1]

        assert len(await starts(monkeypatch, tmp_path, odd, 40.0)) >= 2, said
        assert all(process.returncode is not None for process in made)


async def test_one_that_does_not_end_is_killed(autojump_clock, monkeypatch, tmp_path):
    made = []

    def stubborn() -> Process:
        made.append(Stubborn(URL, lasts_s=1e6))
        return made[-1]

    await starts(monkeypatch, tmp_path, stubborn, 3.0)
    assert [process.was_killed for process in made] == [True]


@pytest.mark.parametrize("before", [[], [True, False, False, True]])
async def test_one_that_hangs_is_killed_and_started_anew(autojump_clock, monkeypatch, tmp_path, web_answers, before):
    made = []

    def hanging() -> Process:
        web_answers[:] = [*before, *[False] * MISSES_MAX]
        made.append(Stubborn(URL, lasts_s=1e6))
        return made[-1]

    hung_s = (len(before) + MISSES_MAX) * ASK_EVERY_S + (before.count(False) + MISSES_MAX) * ANSWER_S
    times = [at for at, _ in await starts(monkeypatch, tmp_path, hanging, 2 * hung_s)]
    assert times == [0, hung_s + 1]
    assert made[0].was_killed


async def test_one_that_is_slow_now_and_then_is_left_alone(autojump_clock, monkeypatch, tmp_path, web_answers):
    web_answers[:] = [*[False] * (MISSES_MAX - 1), True] * 50
    assert len(await starts(monkeypatch, tmp_path, lambda: Process(URL, lasts_s=1e6), 600.0)) == 1


async def test_one_that_ends_while_it_is_asked_is_started_anew(autojump_clock, monkeypatch, tmp_path, web_answers):
    web_answers[:] = [False] * 2
    times = [at for at, _ in await starts(monkeypatch, tmp_path, lambda: Process(URL, lasts_s=4.0), 8.0)]
    assert times == [0, 5]
