"""The self-test's verdict on a message: what is in its audio, and what to do where that is not what was said."""

import io
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.testphone.measuring import LEVEL_TOLERANCE_DB, SEND_DBFS
from pbx.testphone.recorded_tone import NotAudio, find_tone, read_wav
from pbx.testphone.voicemail_call import SPEAK_HZ, SPEAK_S, VoicemailResult, judge_message

RATE = 8000


def silence(duration_s: float) -> np.ndarray:
    return np.zeros(round(duration_s * RATE))


def tone(hz: float = SPEAK_HZ, *, duration_s: float = SPEAK_S, level_dbfs: float = SEND_DBFS) -> np.ndarray:
    return 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * hz * np.arange(round(duration_s * RATE)) / RATE)


def wav(*parts: np.ndarray, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, 2, RATE, 0, "NONE", ""))
        writer.writeframes((np.concatenate(parts) * 32_767).astype("<i2").tobytes())
    return file.getvalue()


def verdict(*parts: np.ndarray) -> VoicemailResult:
    return judge_message("101", "9000", "", wav(*parts))


def test_what_was_said_is_found_with_its_level_and_its_length():
    result = verdict(silence(0.3), tone(), silence(0.1))
    assert (result.ok, result.cause) == (True, "")
    assert result.found_hz == pytest.approx(SPEAK_HZ, abs=1)
    assert result.found_level_dbfs == pytest.approx(SEND_DBFS, abs=0.5)
    assert result.found_s == pytest.approx(SPEAK_S, abs=0.11)
    assert result.message_s == pytest.approx(SPEAK_S + 0.4, abs=0.01)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((silence(1.6),), "the message of 1.6 s is silent"),
        ((tone(1300),), "has audio at -16 dBFS without the 800 Hz sent"),
        ((tone(level_dbfs=SEND_DBFS - LEVEL_TOLERANCE_DB - 0.5),), "the tone at -19.5 dBFS, and it was sent at -16.0"),
        ((tone(duration_s=1.0), silence(0.6)), "1.0 s of the 1.5 s that were said"),
        ((silence(0.0),), "the message of 0.0 s is silent"),
    ],
)
def test_a_message_without_what_was_said_is_a_failure_with_a_remedy(parts, words):
    result = verdict(*parts)
    assert not result.ok
    assert result.cause.startswith("101 leaves a message by 9000: the message ")
    assert words in result.cause
    assert "`pbx doctor`" in result.cause


def test_what_failed_before_there_was_a_message_is_the_cause():
    result = judge_message("101", "9000", "answered 404 Not Found", None)
    assert (result.ok, result.message_s, result.found_hz) == (False, None, None)
    assert result.cause == "101 leaves a message by 9000: answered 404 Not Found"


@pytest.mark.parametrize(
    "audio", [b"", b"RIFF", b"no audio at all", wav(tone())[:40], wav(tone(duration_s=0.2), channels=2)]
)
def test_a_message_that_cannot_be_played_is_a_failure(audio):
    result = judge_message("101", "9000", "", audio)
    assert not result.ok
    assert "not to be played" in result.cause
    assert "the log says why" in result.cause


@given(st.binary(max_size=200))
def test_any_bytes_behind_a_header_are_judged_and_nothing_worse(tail):
    audio = wav(tone(duration_s=0.1))[:44] + tail
    assert judge_message("101", "9000", "", audio).ok is False


@given(hz=st.integers(300, 3400), level_dbfs=st.integers(-40, -3), duration_s=st.integers(2, 20).map(lambda n: n / 10))
def test_any_tone_is_found_where_it_is_looked_for(hz, level_dbfs, duration_s):
    recording = read_wav(wav(silence(0.2), tone(hz, duration_s=duration_s, level_dbfs=level_dbfs)))
    found = find_tone(recording, hz)
    assert found is not None
    assert found.hz == pytest.approx(hz, abs=6)
    assert found.level_dbfs == pytest.approx(level_dbfs, abs=0.5)
    assert found.duration_s == pytest.approx(duration_s, abs=0.06)
    assert find_tone(recording, hz + 200) is None


def test_two_channels_are_not_what_voicemail_records():
    with pytest.raises(NotAudio, match="2 channels"):
        read_wav(wav(tone(), channels=2))
