"""Live audio at the rate of whoever takes and gives it, as arrays and as bytes, awaited and not."""

import asyncio

import mediacore.asyncio
import mediacore.live_audio
import mediacore.trio
import numpy as np
import pytest

import mediacore as mc
from tests.support.media_bench import WAIT_S, Samples, connect, loudest_hz, port_range, wait_event


def tone_at(rate_hz: int, hz: float, duration_s: float) -> Samples:
    return (10_000 * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * duration_s)) / rate_hz)).astype(np.int16)


async def read_on(tap: mediacore.live_audio.WaitingTap) -> None:
    while True:
        await tap.read()


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 24_000, 48_000])
def test_a_tap_and_a_source_have_the_rate_that_was_asked_for(engine, phones, rate_hz):
    phone, leg = connect(phones, engine)
    with leg.source(rate_hz=rate_hz, buffer_ms=3000) as source, phone.tap(rate_hz=rate_hz) as tap:
        assert source.write(tone_at(rate_hz, 1000, 2).tobytes()) == 2 * rate_hz
        phone.watch_tones(1000)
        wait_event(phones, mc.ToneStarted)
        tap.read()
        samples = tap.read_exactly(rate_hz // 2, timeout_s=WAIT_S)
        assert loudest_hz(samples) * rate_hz / 8000 == pytest.approx(1000, abs=5)
        assert 0 < source.played_samples <= 2 * rate_hz
        assert source.pending_samples + source.played_samples == 2 * rate_hz
        source.clear()
        assert source.pending_samples == 0


def test_odd_rates_are_refused_and_so_is_half_a_sample(engine):
    leg = engine.leg()
    for open_one in (leg.tap, leg.source):
        with pytest.raises(ValueError, match="44100 Hz; possible are"):
            open_one(rate_hz=44_100)
    with leg.source() as source, pytest.raises(ValueError, match="multiple"):
        source.write(b"abc")


async def test_trio_tasks_await_room_pieces_and_the_last_sample():
    async with mediacore.trio.Engine(ports=port_range(20)) as engine, engine.leg() as here, engine.leg() as there:
        here.update(mc.RtpParams(remote=there.local))
        there.update(mc.RtpParams(remote=here.local))
        with here.source(rate_hz=16_000, buffer_ms=200) as source, there.tap(rate_hz=16_000) as tap:
            await source.write(tone_at(16_000, 1000, 0.6))
            await source.wait_played()
            assert source.played_samples == 9600
            assert source.plain.overflowed_samples == 0
            heard = np.concatenate([await tap.read(), await tap.read()])
            assert np.abs(heard).max() > 5000
            there.close()
            with pytest.raises(mc.LegClosed):
                await read_on(tap)


def test_asyncio_tasks_take_bytes_until_the_leg_is_closed():
    async def main() -> None:
        async with mediacore.asyncio.Engine(ports=port_range(20)) as engine, engine.leg() as leg, engine.leg() as peer:
            leg.update(mc.RtpParams(remote=peer.local))
            peer.update(mc.RtpParams(remote=leg.local))
            pieces = 0
            with leg.tap() as tap:
                async for piece in tap:
                    pieces += len(piece)
                    if pieces > 3200:
                        leg.close()
            assert pieces > 3200
            with pytest.raises(mc.LegClosed):
                leg.source()

    asyncio.run(asyncio.wait_for(main(), WAIT_S))


async def test_a_room_is_tapped_and_spoken_to_as_well():
    async with mediacore.trio.Engine(ports=port_range(20)) as engine, engine.conference() as room:
        with room.source(rate_hz=16_000) as source, room.tap(rate_hz=16_000) as tap:
            await source.write(tone_at(16_000, 440, 1))
            assert len(await tap.read()) % 320 == 0
