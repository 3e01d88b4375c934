"""Ogg Opus recordings as FFmpeg sees them: whole, of each side what belongs to it, and playable after a kill -9."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import mediacore as mc
from tests.support.media_bench import Samples, connect, level_dbfs, loudest_hz, port_range, wait_event

pytestmark = pytest.mark.peers
PROGRAMS = ("ffmpeg",)
RATE_HZ = 8000

# Two legs that hear each other's tones, one of them recorded; says how much is in the file.
RECORDING_PROCESS = """
import json, sys
import mediacore as mc
with mc.Engine(ports=range(int(sys.argv[2]), int(sys.argv[2]) + 20), threads=1) as engine:
    here = engine.leg(mc.RtpParams(report_every_ms=100))
    there = engine.leg(mc.RtpParams(remote=here.local))
    here.update(mc.RtpParams(remote=there.local, report_every_ms=100))
    here.play_tone(440)
    there.play_tone(1000)
    recorder = engine.record(here, sys.argv[1])
    for event in engine.events():
        print(json.dumps(recorder.duration_ms), flush=True)
"""


def decoded(path: Path) -> Samples:
    """What FFmpeg makes of a stereo file, a column for each side; it must find nothing to complain of."""
    command = ["ffmpeg", "-v", "error", "-i", path, "-f", "s16le", "-ar", str(RATE_HZ), "-ac", "2", "-"]
    told = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert told.stderr == b""
    return np.frombuffer(told.stdout, dtype=np.int16).reshape(-1, 2)


def level_of(samples: Samples, hz: float) -> float:
    """Of one frequency, dBFS."""
    turns = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / RATE_HZ)
    amplitude = 2 * abs(np.mean(samples * turns * np.hanning(len(samples)) * 2))
    return 20 * float(np.log10(max(amplitude, 1e-3) / 32767))


@pytest.fixture
def engines() -> Iterator[tuple[mc.Engine, mc.Engine]]:
    with mc.Engine(ports=port_range(20), threads=1) as engine, mc.Engine(ports=port_range(20), threads=1) as phones:
        yield engine, phones


def test_each_party_is_on_its_side_of_an_opus_file(engines, tmp_path):
    engine, phones = engines
    phone, leg = connect(phones, engine)
    phone.play_tone(440, level_dbfs=-12)
    leg.watch_tones(440)
    wait_event(engine, mc.ToneStarted)
    leg.play_tone(1000, level_dbfs=-20)
    path = tmp_path / "call.opus"
    engine.record(leg, path, max_s=2)
    finished = wait_event(engine, mc.RecordFinished)
    assert (finished.reason, finished.duration_ms) == ("max-duration", 2000)
    samples = decoded(path)
    assert len(samples) == pytest.approx(2 * RATE_HZ, abs=1)
    received, sent = samples[RATE_HZ // 2 :].T
    assert loudest_hz(received) == pytest.approx(440, abs=5)
    assert loudest_hz(sent) == pytest.approx(1000, abs=5)
    assert level_dbfs(received) == pytest.approx(-12, abs=1.5)
    assert level_dbfs(sent) == pytest.approx(-20, abs=1.5)
    assert level_of(received, 1000) < -55, "nobody is heard on the other's side"
    assert level_of(sent, 440) < -55
    assert path.stat().st_size < 2 * 8000, "an eighth of a WAV file"


def test_an_opus_recording_of_a_process_that_is_killed_is_played_up_to_then(tmp_path):
    path = tmp_path / "call.opus"
    command = [sys.executable, "-c", RECORDING_PROCESS, str(path), str(port_range(20).start)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        told_ms = 0
        while told_ms < 1500:
            told_ms = json.loads(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
    samples = decoded(path)
    assert len(samples) >= told_ms * RATE_HZ // 1000 - 1
    received, sent = samples[-2400:].T
    assert loudest_hz(received) == pytest.approx(1000, abs=10)
    assert loudest_hz(sent) == pytest.approx(440, abs=10)
