"""Recording legs: who is on which side, limits, disks that fill up, processes that die."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import mediacore.trio
import numpy as np
import pytest

import mediacore as mc
from tests.support.media_bench import connect, level_dbfs, loudest_hz, port_range, wait_event
from tests.support.recordings import read_wav

SECOND = mc.SAMPLE_RATE_HZ

# Two legs that hear each other's tones, one of them recorded; says that it has begun, then what it is told of.
RECORDING_PROCESS = """
import json, resource, sys
import mediacore as mc
path, first_port, size_max = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if size_max:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_max, size_max))
with mc.Engine(ports=range(first_port, first_port + 20), threads=1) as engine:
    here = engine.leg(mc.RtpParams(report_every_ms=100))
    there = engine.leg(mc.RtpParams(remote=here.local))
    here.update(mc.RtpParams(remote=there.local, report_every_ms=100))
    here.play_tone(440)
    there.play_tone(1000)
    recorder = engine.record(here, path)
    for event in engine.events():
        match event:
            case mc.Report():
                stats = here.stats()
                print(json.dumps([recorder.duration_ms, recorder.reason, stats.receive.packets]), flush=True)
            case mc.RecordFinished(_, _, reason, duration_ms):
                print(json.dumps(["finished", reason, duration_ms]), flush=True)
"""


def record_a_second(engine: mc.Engine, leg: mc.Leg, path: Path, **options) -> mc.RecordFinished:
    recorder = engine.record(leg, path, max_s=1, **options)
    return wait_event(engine, mc.RecordFinished, lambda event: event.recorder == recorder.id)


def test_each_party_is_on_its_side(engine, phones, tmp_path):
    alice, to_alice = connect(phones, engine)
    bob, to_bob = connect(phones, engine)
    engine.bridge(to_alice, to_bob)
    alice.play_tone(440, level_dbfs=-12)
    bob.play_tone(1000, level_dbfs=-20)
    alice.watch_tones(1000)
    bob.watch_tones(440)
    wait_event(phones, mc.ToneStarted)
    wait_event(phones, mc.ToneStarted)
    finished = record_a_second(engine, to_alice, tmp_path / "call.wav")
    assert (finished.leg, finished.reason, finished.duration_ms) == (to_alice, "max-duration", 1000)
    samples = read_wav(tmp_path / "call.wav")
    assert samples.shape == (SECOND, 2)
    said, heard = samples[SECOND // 4 :].T
    assert loudest_hz(said) == pytest.approx(440, abs=5)
    assert loudest_hz(heard) == pytest.approx(1000, abs=5)
    assert level_dbfs(said) == pytest.approx(-12, abs=2)
    assert level_dbfs(heard) == pytest.approx(-20, abs=2)


def test_both_are_in_a_mixed_recording(engine, phones, tmp_path):
    phone, leg = connect(phones, engine)
    phone.play_tone(440, level_dbfs=-12)
    leg.watch_tones(440)
    wait_event(engine, mc.ToneStarted)
    leg.play_tone(1000, level_dbfs=-12)
    record_a_second(engine, leg, tmp_path / "call.wav", channels="mixed")
    (mixed,) = read_wav(tmp_path / "call.wav")[SECOND // 4 :].T
    spectrum = np.abs(np.fft.rfft(mixed * np.hanning(len(mixed))))
    hz = np.fft.rfftfreq(len(mixed), 1 / SECOND)
    near = [spectrum[np.abs(hz - tone) < 10].max() for tone in (440, 1000, 2000)]
    assert near[0] == pytest.approx(near[1], rel=0.2)
    assert near[2] < near[0] / 100


def test_a_recording_is_whole_when_its_with_is_left_and_can_be_played(engine, phones, tmp_path):
    phone, leg = connect(phones, engine)
    path = tmp_path / "call.wav"
    leg.play_tone(1000)
    phone.watch_tones(1000)
    with engine.record(leg, path, channels="mixed") as recorder:
        wait_event(phones, mc.ToneStarted)
        wait_until_recorded(engine, recorder, 500)
        assert recorder.reason is None
    assert recorder.reason == "closed"
    assert wait_event(engine, mc.RecordFinished).duration_ms == recorder.duration_ms
    assert len(read_wav(path)) == recorder.duration_ms * 8
    recorder.close()
    engine.play(path, to=leg)
    assert wait_event(engine, mc.PlayFinished).completed


def wait_until_recorded(engine: mc.Engine, recorder: mc.Recorder, duration_ms: float) -> None:
    """Looked at with every event, so the leg should send reports."""
    while recorder.duration_ms < duration_ms:
        wait_event(engine, mc.Report)


def test_a_pause_is_left_out(engine, phones, tmp_path):
    phone, leg = connect(phones, engine)
    recorder = engine.record(leg, tmp_path / "call.wav")
    wait_until_recorded(engine, recorder, 200)
    recorder.pause()
    phone.play_tone(1000)
    leg.watch_tones(1000)
    wait_event(engine, mc.ToneStarted)
    phone.close()
    wait_event(engine, mc.ToneEnded)
    paused_ms = recorder.duration_ms
    recorder.resume()
    wait_until_recorded(engine, recorder, paused_ms + 400)
    recorder.close()
    assert np.abs(read_wav(tmp_path / "call.wav")).max() < 100, "the tone was in the pause"


def test_the_file_grows_no_larger_than_it_may(engine, phones, tmp_path):
    _, leg = connect(phones, engine)
    engine.record(leg, tmp_path / "call.wav", max_bytes=10_000)
    assert wait_event(engine, mc.RecordFinished).reason == "max-bytes"
    assert (tmp_path / "call.wav").stat().st_size == 10_000
    read_wav(tmp_path / "call.wav")


def test_a_leg_that_is_closed_leaves_a_whole_recording_and_tells_of_it(engine, phones, tmp_path):
    _, leg = connect(phones, engine)
    recorder = engine.record(leg, tmp_path / "call.wav")
    wait_until_recorded(engine, recorder, 300)
    leg.close()
    finished = wait_event(engine, mc.RecordFinished)
    assert (finished.leg, finished.recorder, finished.reason) == (leg, recorder.id, "leg-closed")
    assert len(read_wav(tmp_path / "call.wav")) == finished.duration_ms * 8
    recorder.close()


def test_an_engine_that_is_closed_leaves_whole_recordings(ports, tmp_path):
    with mc.Engine(ports=ports, threads=1) as engine:
        leg = engine.leg(mc.RtpParams(remote="127.0.0.1:9", report_every_ms=20))
        recorder = engine.record(leg, tmp_path / "call.wav")
        wait_until_recorded(engine, recorder, 300)
    assert recorder.reason == "leg-closed"
    assert len(read_wav(tmp_path / "call.wav")) == recorder.duration_ms * 8
    recorder.close()


def test_what_was_recorded_needs_its_leg_no_longer(engine, phones, tmp_path):
    alice, to_alice = connect(phones, engine)
    _, to_bob = connect(phones, engine)
    engine.bridge(to_alice, to_bob)
    record_a_second(engine, to_alice, tmp_path / "call.wav")
    forwarded = to_alice.stats().forwarded_packets
    alice.play_tone(440)
    while to_alice.stats().forwarded_packets <= forwarded:
        wait_event(engine, mc.Report)


def test_where_nothing_can_be_written_no_recording_begins(engine, tmp_path):
    leg = engine.leg()
    for path in (tmp_path / "nowhere" / "call.wav", tmp_path, "/dev/full"):
        with pytest.raises(mc.BadAudioFile) as caught:
            engine.record(leg, path)
        assert caught.value.path == str(path)
    for _ in range(4):
        engine.record(leg, tmp_path / "call.wav")
    with pytest.raises(mc.MediaError, match="4 recordings"):
        engine.record(leg, tmp_path / "fifth.wav")
    with pytest.raises(ValueError, match="'stereo' or 'mixed'"):
        engine.record(leg, tmp_path / "call.wav", channels="quadro")
    leg.close()
    with pytest.raises(mc.LegClosed):
        engine.record(leg, tmp_path / "late.wav")
    assert not (tmp_path / "late.wav").exists()


def recording_process(path: Path, *, size_max: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RECORDING_PROCESS, str(path), str(port_range(20).start), str(size_max)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("recorded_ms", [1, 600, 1000])
def test_a_recording_of_a_process_that_is_killed_is_played_up_to_then(engine, phones, tmp_path, recorded_ms):
    path = tmp_path / "call.wav"
    with recording_process(path) as process:
        told_ms = 0
        while told_ms < recorded_ms:
            told_ms, _, _ = json.loads(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
    samples = read_wav(path)
    assert len(samples) >= told_ms * 8
    assert path.stat().st_size >= 44 + len(samples) * 4
    if recorded_ms >= 600:
        received, sent = samples[-2400:].T
        assert loudest_hz(received) == pytest.approx(1000, abs=10)
        assert loudest_hz(sent) == pytest.approx(440, abs=10)
    _, leg = connect(phones, engine)
    engine.play(path, to=leg)
    assert wait_event(engine, mc.PlayFinished).completed


def test_a_full_disk_ends_the_recording_and_not_the_call(tmp_path):
    path = tmp_path / "call.wav"
    with recording_process(path, size_max=20_001) as process:
        while (line := json.loads(process.stdout.readline()))[0] != "finished":
            packets = line[2]
        _, reason, duration_ms = line
        # The call goes on: packets still come, and the reports of them.
        for _ in range(3):
            _, told_reason, packets_then = json.loads(process.stdout.readline())
        process.kill()
    assert reason == told_reason == "disk-full"
    assert packets_then > packets
    assert path.stat().st_size <= 20_001
    samples = read_wav(path)
    assert len(samples) == (20_001 - 44) // 4
    assert duration_ms == pytest.approx(len(samples) / 8)


async def test_trio_tasks_record_and_wait_for_the_end(tmp_path):
    async with mediacore.trio.Engine(ports=port_range(20)) as engine, engine.leg() as leg:
        leg.update(mc.RtpParams(remote="127.0.0.1:9"))
        with leg.record(tmp_path / "message.wav", max_s=0.3, channels="mixed") as recorder:
            assert await leg.wait_recorded(recorder, timeout_s=10) == "max-duration"
            assert await leg.wait_recorded(recorder, timeout_s=10) == "max-duration"
        with leg.record(tmp_path / "endless.wav") as recorder, pytest.raises(TimeoutError):
            await leg.wait_recorded(recorder, timeout_s=0.05)
    assert len(read_wav(tmp_path / "message.wav")) == 2400
    assert recorder.reason == "closed"
