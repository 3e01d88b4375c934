"""A process that is forked off has no media threads: it is told so at once, and the parent's calls go on."""

import os
import time
import traceback
from collections.abc import Callable

import pytest

from mediacore import Engine, EngineForked, RtpParams

CHILD_ENDS_IN_S = 20

# Python warns that a child of a process with threads may hang: that is what is tested here.
pytestmark = [pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")]


def in_child(work: Callable[[], None]) -> None:
    """Runs `work` in a child, and fails with what the child said where it failed or never ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = b""
        try:
            work()
        except BaseException:
            said = traceback.format_exc().encode()
        os.write(writing, said[:4000])
        os._exit(1 if said else 0)
    os.close(writing)
    ends_at = time.monotonic() + CHILD_ENDS_IN_S
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
        if time.monotonic() > ends_at:
            os.kill(child, 9)
            os.waitpid(child, 0)
            pytest.fail("the child hangs")
        time.sleep(0.01)
    with open(reading, "rb") as pipe:
        assert ended[1] == 0, pipe.read().decode()


@pytest.fixture
def engine():
    with Engine(threads=1) as engine:
        yield engine


def test_whatever_asks_the_parents_threads_is_refused_at_once(engine):
    leg = engine.leg(RtpParams(remote="127.0.0.1:4000"))
    room = engine.conference()
    asked = [
        lambda: engine.leg(),
        lambda: engine.stats(),
        lambda: engine.leg_stats(),
        lambda: engine.poll_events(),
        lambda: next(engine.events(timeout_s=1)),
        lambda: engine.fileno(),
        lambda: leg.play_tone(440),
        lambda: room.add(leg),
    ]

    def ask_all() -> None:
        for ask in asked:
            with pytest.raises(EngineForked, match="open an engine here"):
                ask()

    in_child(ask_all)


def test_what_is_open_can_be_left_in_the_child_and_a_new_engine_be_opened(engine):
    leg = engine.leg()
    room = engine.conference()

    def go_on() -> None:
        leg.close()
        room.close()
        engine.close()
        with Engine(threads=1) as another:
            assert another.leg().stats().receive.packets == 0

    in_child(go_on)


def test_the_parents_engine_goes_on_when_a_child_has_come_and_gone(engine):
    leg = engine.leg(RtpParams(remote="127.0.0.1:4000"))
    engine.echo(leg)
    in_child(lambda: None)
    player = leg.play_tone(440, duration_ms=40)
    assert any(getattr(event, "player", None) == player.id for event in engine.events(timeout_s=5))
    assert engine.stats().legs == 1
