"""Playing files to legs: rates, kinds, ends, and what cannot be played."""

import asyncio
import shutil
from pathlib import Path

import mediacore.asyncio
import mediacore.trio
import numpy as np
import pytest
import trio

import mediacore as mc
from tests.support.media_bench import WAIT_S, Samples, connect, level_dbfs, loudest_hz, port_range, wait_event
from tests.support.tone_files import write_tone

FLAC = Path(__file__).parents[2] / "native" / "mediacore-audio" / "tests" / "data" / "tone-1000hz-16khz.flac"


def sent_while_playing(engine: mc.Engine, leg: mc.Leg, path: Path) -> Samples:
    """What a file becomes on its way to the phone, first sample to last: a busy machine changes nothing of it."""
    with leg.tap("sent", buffer_ms=10_000) as tap:
        player = engine.play(path, to=leg)
        assert wait_event(engine, mc.PlayFinished, lambda event: event.player == player.id).completed
        samples = tap.read()
    sounding = np.flatnonzero(samples)
    return samples[sounding[0] : sounding[-1] + 1]


@pytest.mark.parametrize(("rate_hz", "channels"), [(8000, 1), (16_000, 1), (44_100, 2), (48_000, 1)])
def test_a_file_keeps_its_pitch_level_and_length_whatever_its_rate(engine, phones, tmp_path, rate_hz, channels):
    _, leg = connect(phones, engine)
    path = write_tone(tmp_path / "welcome.wav", rate_hz=rate_hz, channels=channels)
    sent = sent_while_playing(engine, leg, path)
    assert len(sent) == pytest.approx(8000, abs=8)
    assert loudest_hz(sent) == pytest.approx(1000, abs=3)
    assert level_dbfs(sent) == pytest.approx(-10, abs=0.1)


def test_a_file_plays_over_a_bridge_to_the_one_it_was_meant_for(engine, phones, tmp_path):
    alice, to_alice = connect(phones, engine)
    bob, to_bob = connect(phones, engine)
    engine.bridge(to_alice, to_bob)
    alice.watch_tones(440, 1000)
    bob.watch_tones(440, 1000)
    alice.play_tone(440, level_dbfs=-40)
    engine.play(write_tone(tmp_path / "barge.wav"), to=to_bob)
    heard = wait_event(phones, mc.ToneStarted, lambda event: event.hz == 1000)
    assert heard.leg is bob
    assert wait_event(engine, mc.PlayFinished).completed
    wait_event(phones, mc.ToneStarted, lambda event: event.leg is bob and event.hz == 440)


def test_flac_is_played_and_told_of(engine, phones):
    phone, leg = connect(phones, engine)
    phone.watch_tones(1000)
    player = engine.play(FLAC, to=leg)
    assert wait_event(phones, mc.ToneStarted).leg is phone
    finished = wait_event(engine, mc.PlayFinished)
    assert (finished.leg, finished.player, finished.completed) == (leg, player.id, True)


def test_a_file_that_is_stopped_is_not_completed(engine, phones, tmp_path):
    phone, leg = connect(phones, engine)
    phone.watch_tones(1000)
    player = engine.play(write_tone(tmp_path / "long.wav", duration_s=60), to=leg)
    wait_event(phones, mc.ToneStarted)
    player.stop()
    player.stop()
    wait_event(phones, mc.ToneEnded)
    finished = wait_event(engine, mc.PlayFinished)
    assert (finished.player, finished.completed) == (player.id, False)


def test_a_file_much_longer_than_what_is_read_ahead_is_played_without_a_gap(engine, phones, tmp_path):
    _, leg = connect(phones, engine)
    path = write_tone(tmp_path / "three.wav", duration_s=3, rate_hz=44_100)
    sent = sent_while_playing(engine, leg, path)
    assert len(sent) == pytest.approx(24_000, abs=8)
    assert min(level_dbfs(piece) for piece in np.array_split(sent, 100)) == pytest.approx(-10, abs=0.5)


def test_what_cannot_be_played_is_an_error_with_its_path_and_reason(engine, tmp_path):
    leg = engine.leg()
    text = tmp_path / "notes.wav"
    text.write_text("dear diary")
    for path, reason in [
        (tmp_path / "nowhere.wav", "No such file"),
        (tmp_path, "not a regular file"),
        (text, "neither WAV, FLAC, Ogg Opus nor MP3"),
    ]:
        with pytest.raises(mc.BadAudioFile, match=reason) as caught:
            engine.play(path, to=leg)
        assert caught.value.path == str(path)
    assert issubclass(mc.BadAudioFile, mc.MediaError)
    leg.close()
    with pytest.raises(mc.LegClosed):
        engine.play(FLAC, to=leg)


def test_a_file_that_was_cut_off_is_played_up_to_the_cut(engine, phones, tmp_path):
    _, leg = connect(phones, engine)
    whole = write_tone(tmp_path / "whole.wav", duration_s=2)
    cut = tmp_path / "cut.wav"
    shutil.copy(whole, cut)
    with cut.open("r+b") as file:
        file.truncate(16_044)
    assert len(sent_while_playing(engine, leg, cut)) == pytest.approx(8000, abs=8)


async def test_trio_tasks_await_files_and_cancelling_stops_the_sound(tmp_path):
    path = write_tone(tmp_path / "long.wav", duration_s=60)
    async with mediacore.trio.Engine(ports=port_range(20)) as engine:
        here, there = engine.leg(), engine.leg()
        here.update(mc.RtpParams(remote=there.local))
        there.update(mc.RtpParams(remote=here.local))
        assert await here.play(FLAC)
        with there.watching(1000) as tones:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(here.play, path)
                while not isinstance(await tones.next(timeout_s=WAIT_S), mc.ToneStarted):
                    continue
                nursery.cancel_scope.cancel()
            assert isinstance(await tones.next(timeout_s=WAIT_S), mc.ToneEnded)


def test_asyncio_tasks_await_files_too(tmp_path):
    async def main() -> None:
        async with mediacore.asyncio.Engine(ports=port_range(20)) as engine, engine.leg() as leg:
            leg.update(mc.RtpParams(remote="127.0.0.1:9"))
            assert await leg.play(FLAC)
            with pytest.raises(mc.BadAudioFile):
                await leg.play(tmp_path / "nowhere.wav")

    asyncio.run(main())
