"""`python -m mediacore`: each command does what it says, and says what was wrong."""

import json
import re
import subprocess
import sys
import wave

import numpy as np
import pytest
from mediacore.tool import bench

RATE_HZ = 8000


def command(*words: object) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "mediacore", *map(str, words)]


def run(*words: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(*words), capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr + done.stdout
    return done


def facts(*words: object) -> dict:
    return json.loads(run(*words, "--json").stdout)


@pytest.fixture
def tone(tmp_path):
    """A file of a second of 1000 Hz, at 16 kHz."""
    path = tmp_path / "tone.wav"
    samples = 10_000 * np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 16_000, 16_000, "NONE", ""))
        out.writeframes(samples.astype("<i2").tobytes())
    return path


def test_info_tells_what_there_is_in_words_and_as_json():
    told = facts("info")
    assert told["media_threads"] >= 1
    assert "0 PCMU/8000" in told["codecs"]
    assert re.search(r"^codecs .*PCMU/8000, ", run("info").stdout, re.MULTILINE)


def test_a_file_that_was_transcoded_is_the_same_tone(tone, tmp_path):
    out = tmp_path / "heard.wav"
    told = facts("transcode", tone, out, "--codec", "PCMA/8000")
    assert (told["completed"], told["packets_lost"]) == (True, 0)
    with wave.open(str(out), "rb") as heard:
        assert heard.getframerate() == RATE_HZ
        samples = np.frombuffer(heard.readframes(heard.getnframes()), dtype="<i2")
    assert len(samples) >= RATE_HZ
    middle = samples[len(samples) // 2 - 800 :][:1600].astype(float)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * RATE_HZ / len(middle) == 1000


def test_what_is_played_comes_to_an_echo_and_back(tone):
    with subprocess.Popen(command("echo", "--seconds", 4, "--json"), stdout=-1, stderr=-1, text=True) as echo:
        try:
            address = re.search(r"--to (\S+)", echo.stderr.readline()).group(1)
            sent = facts("play", tone, "--to", address)
            returned = json.loads(echo.stdout.readline())
        finally:
            echo.kill()
    assert sent["completed"]
    assert sent["packets"] >= 50
    assert returned["packets_in"] >= 50
    assert returned["packets_out"] >= returned["packets_in"]


def test_bench_tells_what_a_packet_cost_and_who_was_at_the_limit():
    done = subprocess.run(command("bench", "--calls", 3, "--seconds", 1, "--json"), capture_output=True, timeout=60)
    told = json.loads(done.stdout)
    assert told["packets"] > 100
    assert told["us_cpu_per_packet"] > 0
    assert (done.returncode == 0) == (told["limit"] == "none was reached")


@pytest.mark.parametrize(
    ("packets", "lost", "late_here", "late_there", "said"),
    [
        (100, 0, 0, 0, "none"),
        (100, 1, 0, 0, "the relay"),
        (100, 0, 1, 0, "the relay"),
        (100, 1, 1, 1, "the phones"),
        (0, 0, 0, 0, "nothing came"),
    ],
)
def test_the_limit_is_the_phones_where_they_were_late_themselves(packets, lost, late_here, late_there, said):
    assert bench.limit(packets, {"lost": lost, "late_ticks": late_there}, late_here).startswith(said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("play", "nowhere.wav", "--to", "127.0.0.1:9"), "mediacore play: nowhere.wav: "),
        (("transcode", "nowhere.wav", "out.wav"), "mediacore transcode: nowhere.wav: "),
        (("bench", "--calls", "0"), "mediacore bench: --calls and --seconds have to be above 0"),
        (("echo", "--codec", "nonsense"), "mediacore echo: "),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_on_standard_error(words, said):
    done = run(*words, status=1)
    assert done.stderr.startswith(said), done.stderr
    assert done.stderr.count("\n") == 1
    assert not done.stdout


def test_a_destination_without_a_port_is_refused_before_anything_is_opened():
    assert "'192.0.2.7:4000'" in run("play", "file.wav", "--to", "127.0.0.1", status=2).stderr
