"""The adapters for trio and asyncio: verbs that wait, over one descriptor."""

import asyncio
import wave

import mediacore.asyncio
import mediacore.trio
import pytest
import trio

import mediacore as mc
from tests.support.media_bench import port_range

WAIT_S = 10


def pair(engine, other):
    """A leg of each, with the other's address."""
    here = engine.leg()
    there = other.leg(mc.RtpParams(remote=here.local))
    here.update(mc.RtpParams(remote=there.local))
    return here, there


async def test_trio_tasks_wait_for_tones_and_for_their_ends():
    async with mediacore.trio.Engine(ports=port_range(20)) as engine:
        here, there = pair(engine, engine)
        async with here, there, trio.open_nursery() as nursery:
            nursery.start_soon(lambda: here.play_tone(440, duration_ms=400, level_dbfs=-15))
            with there.watching(440) as tones:
                started = await tones.next(timeout_s=WAIT_S)
                ended = await tones.next(timeout_s=WAIT_S)
        assert isinstance(started, mc.ToneStarted)
        assert isinstance(ended, mc.ToneEnded)
        assert started.level_dbfs == pytest.approx(-15, abs=1)
        assert ended.at > started.at
        assert engine.stats().ports_in_use == 0


async def test_cancelling_a_trio_scope_stops_the_sound():
    async with mediacore.trio.Engine(ports=port_range(20)) as engine:
        here, there = pair(engine, engine)
        with there.watching(440) as tones:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lambda: here.play_tone(440, duration_ms=60_000))
                assert isinstance(await tones.next(timeout_s=WAIT_S), mc.ToneStarted)
                nursery.cancel_scope.cancel()
            assert isinstance(await tones.next(timeout_s=WAIT_S), mc.ToneEnded)


async def test_several_trio_tasks_wait_for_different_things_at_once():
    found = []

    async def wait(leg: mediacore.trio.Leg, hz: float) -> None:
        found.append((await leg.wait_tone(hz, timeout_s=WAIT_S)).hz)

    async with mediacore.trio.Engine(ports=port_range(20)) as engine:
        here, there = pair(engine, engine)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, there, 440)
            nursery.start_soon(wait, there, 1000)
            nursery.start_soon(wait, here, 700)
            await trio.testing.wait_all_tasks_blocked()
            await there.play_tone(700, duration_ms=200)
            await here.play_tone(440, duration_ms=200)
            await here.play_tone(1000, duration_ms=200)
    assert sorted(found) == [440, 700, 1000]


async def test_a_trio_wait_that_is_too_long_is_a_timeout():
    async with mediacore.trio.Engine(ports=port_range(20)) as engine:
        here, _ = pair(engine, engine)
        with pytest.raises(TimeoutError):
            await here.wait_tone(440, timeout_s=0.05)


async def test_trio_events_are_iterated_until_the_engine_closes():
    engine = mediacore.trio.Engine(ports=port_range(20))
    engine.leg(mc.RtpParams(report_every_ms=10))
    seen = []
    async for event in engine.events():
        seen.append(event)
        if len(seen) == 3:
            engine.close()
    assert len(seen) >= 3
    assert all(isinstance(event, mc.Report) for event in seen)


async def test_a_closed_engine_ends_a_trio_wait():
    engine = mediacore.trio.Engine(ports=port_range(20))
    leg = engine.leg()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_close_when_blocked, engine)
        with pytest.raises(mc.EngineClosed):
            await leg.wait_tone(440, timeout_s=WAIT_S)


async def _close_when_blocked(engine: mediacore.trio.Engine) -> None:
    await trio.testing.wait_all_tasks_blocked()
    engine.close()


def test_asyncio_tasks_wait_for_tones_and_latches():
    async def main() -> None:
        async with mediacore.asyncio.Engine(ports=port_range(20)) as engine:
            here, there = pair(engine, engine)
            async with here, there, asyncio.TaskGroup() as group:
                latched = group.create_task(there.wait_latched(timeout_s=WAIT_S))
                waiting = group.create_task(there.wait_tone(440, timeout_s=WAIT_S))
                await here.play_tone(440, duration_ms=300, level_dbfs=-15)
            assert (await latched) == here.local
            assert (await waiting).level_dbfs == pytest.approx(-15, abs=1)
            assert engine.stats().ports_in_use == 0

    asyncio.run(main())


def test_cancelling_an_asyncio_task_stops_the_sound():
    async def main() -> None:
        async with mediacore.asyncio.Engine(ports=port_range(20)) as engine:
            here, there = pair(engine, engine)
            playing = asyncio.create_task(here.play_tone(440, duration_ms=60_000))
            with there.watching(440) as tones:
                assert isinstance(await tones.next(timeout_s=WAIT_S), mc.ToneStarted)
                playing.cancel()
                assert isinstance(await tones.next(timeout_s=WAIT_S), mc.ToneEnded)
            with pytest.raises(asyncio.CancelledError):
                await playing

    asyncio.run(main())


def test_an_asyncio_wait_that_is_too_long_is_a_timeout():
    async def main() -> None:
        async with mediacore.asyncio.Engine(ports=port_range(20)) as engine:
            with pytest.raises(TimeoutError):
                await engine.leg().wait_tone(440, timeout_s=0.05)

    asyncio.run(main())


async def test_trio_tasks_wait_for_a_sound_to_a_room_and_for_who_talks(tmp_path):
    async with mediacore.trio.Engine(ports=port_range(20)) as engine:
        here, there = pair(engine, engine)
        async with here, there, engine.conference(max_members=2, near=here) as room:
            room.add(here, muted=True)
            assert room.members == (here.plain,)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lambda: room.play_tone(440, duration_ms=400, level_dbfs=-15))
                assert (await there.wait_tone(440, timeout_s=WAIT_S)).level_dbfs == pytest.approx(-15, abs=1)
            with room.listening() as talkers, room.record(tmp_path / "room.wav", max_s=0.2) as recording:
                room.unmute(here)
                await there.play_tone(1000, duration_ms=300)
                began = await talkers.next(timeout_s=WAIT_S)
                assert (began.leg, began.room, began.is_talking) == (here.plain, room.plain, True)
                assert await room.wait_recorded(recording, timeout_s=WAIT_S) == "max-duration"
        assert engine.stats().conferences == 0


async def test_cancelling_a_trio_scope_stops_what_plays_to_a_room():
    async with mediacore.trio.Engine(ports=port_range(20)) as engine:
        here, there = pair(engine, engine)
        room = engine.conference()
        room.add(here, deaf=True)
        room.change(here, deaf=False)
        with there.watching(440) as tones:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lambda: room.play_tone(440, duration_ms=60_000))
                assert isinstance(await tones.next(timeout_s=WAIT_S), mc.ToneStarted)
                nursery.cancel_scope.cancel()
            assert isinstance(await tones.next(timeout_s=WAIT_S), mc.ToneEnded)
        room.remove(here)
        assert room.stats().members == ()


def test_an_asyncio_task_waits_for_a_file_to_a_room(tmp_path):
    path = tmp_path / "welcome.wav"
    with wave.open(str(path), "wb") as welcome:
        welcome.setparams((1, 2, 8000, 1600, "NONE", ""))
        welcome.writeframes(bytes(3200))

    async def main() -> None:
        async with mediacore.asyncio.Engine(ports=port_range(20)) as engine, engine.conference() as room:
            assert await room.play(path) is True

    asyncio.run(main())
