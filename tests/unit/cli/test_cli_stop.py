"""The order in which a server stops, in virtual time."""

import os
import signal

import trio

from pbx.cli.stop import FIRST_S, Stop


async def run_until_told(log: list[tuple[str, float]], name: str, *, takes_s: float) -> None:
    """Notes when it was told to stop, and takes a while over it."""
    try:
        await trio.sleep_forever()
    finally:
        log.append((name, trio.current_time()))
        with trio.CancelScope(shield=True):
            await trio.sleep(takes_s)


async def stopped(*, web_takes_s: float | None) -> list[tuple[str, float]]:
    """Who was told to stop, and when after the order."""
    log: list[tuple[str, float]] = []
    async with trio.open_nursery() as nursery:
        stop = Stop(nursery.cancel_scope)
        nursery.start_soon(lambda: run_until_told(log, "calls", takes_s=0))
        if web_takes_s is not None:
            nursery.start_soon(stop.first, lambda: run_until_told(log, "web", takes_s=web_takes_s))
        await trio.sleep(10)
        await stop.now()
    return [(name, at - 10) for name, at in log]


async def test_calls_end_once_the_web_process_has(autojump_clock):
    assert await stopped(web_takes_s=0.25) == [("web", 0), ("calls", 0.25)]


async def test_calls_do_not_wait_long_for_a_web_process_that_hangs(autojump_clock):
    assert await stopped(web_takes_s=5) == [("web", 0), ("calls", FIRST_S)]


async def test_without_a_web_process_calls_end_at_once(autojump_clock):
    assert await stopped(web_takes_s=None) == [("calls", 0)]


async def test_a_signal_stops_everything():
    async with trio.open_nursery() as nursery:
        await nursery.start(Stop(nursery.cancel_scope).at_signal)
        os.kill(os.getpid(), signal.SIGTERM)
        with trio.fail_after(5):
            await trio.sleep_forever()
