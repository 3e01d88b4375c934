"""What else a recording can be: Opus, several at once, silence that ends it, pauses that stay, beeps that are heard."""

import numpy as np
import pytest

import mediacore as mc
from tests.support.media_bench import connect, loudest_hz, wait_event
from tests.support.recordings import read_wav

BEEP = mc.Tone.parse("1400/200 -/100")


def recorded(engine: mc.Engine, leg: mc.Leg, path, **options) -> mc.RecordFinished:
    recorder = engine.record(leg, path, **options)
    return wait_event(engine, mc.RecordFinished, lambda event: event.recorder == recorder.id)


def test_several_recordings_of_one_leg_are_of_several_kinds(engine, phones, tmp_path):
    phone, leg = connect(phones, engine)
    phone.play_tone(1000)
    leg.watch_tones(1000)
    wait_event(engine, mc.ToneStarted)
    recorders = [
        engine.record(leg, tmp_path / "a.wav", max_s=1),
        engine.record(leg, tmp_path / "b.ogg", max_s=1),
        engine.record(leg, tmp_path / "c.raw", max_s=1, format="opus", channels="mixed"),
    ]
    while any(recorder.reason is None for recorder in recorders):
        wait_event(engine, mc.Report)
    assert {recorder.reason for recorder in recorders} == {"max-duration"}
    for name in ("a.wav", "b.ogg", "c.raw"):
        assert engine.play(tmp_path / name, to=leg).id
        assert wait_event(engine, mc.PlayFinished).completed
    assert (tmp_path / "b.ogg").read_bytes()[:4] == b"OggS"
    with pytest.raises(ValueError, match="'wav' or 'opus'"):
        engine.record(leg, tmp_path / "d", format="mp3")


def test_a_recording_ends_when_nobody_speaks(engine, phones, tmp_path):
    phone, leg = connect(phones, engine)
    phone.play_tone(440, duration_ms=1500)
    finished = recorded(engine, leg, tmp_path / "call.wav", max_silence_s=0.5, max_s=20)
    assert finished.reason == "max-silence"
    assert 1500 <= finished.duration_ms < 4000
    sounding = np.flatnonzero(np.abs(read_wav(tmp_path / "call.wav")[:, 0]) > 100)
    assert len(sounding) > 8000, "it waited for the end of the tone"


def test_a_beep_is_heard_by_whom_it_is_for_and_is_nobody_who_speaks(engine, phones, tmp_path):
    alice, to_alice = connect(phones, engine)
    bob, to_bob = connect(phones, engine)
    engine.bridge(to_alice, to_bob)
    for phone in (alice, bob):
        phone.watch_tones(1400)
    beep = mc.Beep([to_alice, to_bob], BEEP, level_dbfs=-15)
    recorder = engine.record(to_alice, tmp_path / "call.wav", max_silence_s=1.5, beep=beep)
    heard = {wait_event(phones, mc.ToneStarted, lambda event, leg=leg: event.leg is leg).leg for leg in (alice,)}
    assert heard == {alice}
    finished = wait_event(engine, mc.RecordFinished, lambda event: event.recorder == recorder.id)
    assert finished.reason == "max-silence"
    sent = read_wav(tmp_path / "call.wav")[:, 1]
    assert loudest_hz(sent) == pytest.approx(1400, abs=10)


def test_a_beep_ends_with_its_recording_and_rests_in_a_pause(engine, phones, tmp_path):
    phone, leg = connect(phones, engine)
    phone.watch_tones(1400)
    endless = mc.Tone.parse("1400/60000")
    recorder = engine.record(leg, tmp_path / "call.wav", beep=mc.Beep([leg], endless))
    wait_event(phones, mc.ToneStarted)
    recorder.pause()
    wait_event(phones, mc.ToneEnded)
    recorder.resume()
    wait_event(phones, mc.ToneStarted)
    recorder.close()
    wait_event(phones, mc.ToneEnded)


def test_nobody_is_recorded_whose_beep_cannot_be_played(engine, phones, tmp_path):
    _, leg = connect(phones, engine)
    gone = engine.leg()
    gone.close()
    with pytest.raises(mc.LegClosed):
        engine.record(leg, tmp_path / "call.wav", beep=mc.Beep([gone]))
    with pytest.raises(ValueError, match="'left-out' or 'silent'"):
        engine.record(leg, tmp_path / "call.wav", pauses="loud")


def test_a_pause_may_stay_as_silence(engine, phones, tmp_path):
    phone, leg = connect(phones, engine)
    phone.play_tone(1000)
    leg.watch_tones(1000)
    wait_event(engine, mc.ToneStarted)
    recorder = engine.record(leg, tmp_path / "call.wav", pauses="silent")
    while recorder.duration_ms < 400:
        wait_event(engine, mc.Report)
    recorder.pause()
    paused_ms = recorder.duration_ms
    while recorder.duration_ms < paused_ms + 600:
        wait_event(engine, mc.Report)
    recorder.close()
    received = read_wav(tmp_path / "call.wav")[:, 0]
    assert not received[-3000:].any()
    assert received[:2000].any()
