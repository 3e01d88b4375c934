"""Digits in the sound and by the signalling, over real sockets: between two engines, on bridges, and hidden."""

import wave

import numpy as np
import pytest

import mediacore as mc
from tests.support.media_bench import connect, level_dbfs, wait_event, wait_stats

WAIT_S = 10
PCMU = ("PCMU/8000",)
EVENTS = ("PCMU/8000", "101 telephone-event/8000")
FAST = {"duration_ms": 60, "gap_ms": 60}


def pressed(engine: mc.Engine, leg: mc.Leg, count: int) -> str:
    """The next digits that the leg's peer presses."""
    digits = ""
    for event in engine.events(timeout_s=WAIT_S):
        if isinstance(event, mc.DigitPressed) and event.leg is leg:
            digits += event.digit
        if len(digits) == count:
            break
    return digits


def tone_phone(phones: mc.Engine, engine: mc.Engine, **params) -> tuple[mc.Leg, mc.Leg]:
    """A phone that knows tones alone, and the leg that talks to it."""
    phone, leg = connect(phones, engine, codecs=PCMU, in_band_digits=True, **params)
    phone.update(mc.RtpParams(remote=leg.local, codecs=PCMU, in_band_digits=True))
    return phone, leg


def test_digits_as_tones_are_heard_both_ways(engine, phones):
    alice, to_alice = tone_phone(phones, engine)
    wait_stats(engine, to_alice, lambda stats: stats.receive.packets > 10)
    alice.send_digits("1155*#AD", **FAST)
    assert pressed(engine, to_alice, 8) == "1155*#AD"
    player = to_alice.send_digits("0426", **FAST)
    assert pressed(phones, alice, 4) == "0426"
    assert wait_event(engine, mc.PlayFinished, lambda event: event.player == player.id).completed
    assert to_alice.stats().receive.digits == 8


def test_without_events_and_tones_no_digit_can_be_sent(engine, phones):
    _, to_alice = connect(phones, engine, codecs=PCMU)
    with pytest.raises(mc.NoTelephoneEvent):
        to_alice.send_digits("1")


@pytest.mark.parametrize("direction", ["tones to events", "events to tones"])
def test_a_bridge_makes_digits_anew_for_who_takes_them_otherwise(engine, phones, direction):
    alice, to_alice = tone_phone(phones, engine)
    bob, to_bob = connect(phones, engine, codecs=EVENTS)
    engine.bridge(to_alice, to_bob)
    for leg in (to_alice, to_bob):
        wait_stats(engine, leg, lambda stats: stats.receive.packets > 10)
    speaker, listener = (alice, bob) if direction == "tones to events" else (bob, alice)
    speaker.send_digits("4929", duration_ms=100, gap_ms=80)
    assert pressed(phones, listener, 4) == "4929"


def test_a_digit_by_the_signalling_is_told_of_and_passed_on(engine, phones):
    _, to_alice = connect(phones, engine, codecs=PCMU)
    bob, to_bob = connect(phones, engine, codecs=EVENTS)
    engine.bridge(to_alice, to_bob)
    wait_stats(engine, to_bob, lambda stats: stats.receive.packets > 10)
    to_alice.press("7", duration_ms=250)
    released = wait_event(engine, mc.DigitReleased, lambda event: event.leg is to_alice)
    assert (released.digit, released.duration_ms) == ("7", 250)
    assert pressed(phones, bob, 1) == "7"
    with pytest.raises(ValueError, match="digit"):
        to_alice.press("x")


def test_hidden_digits_reach_the_application_alone(engine, phones, tmp_path):
    alice, to_alice = tone_phone(phones, engine, hide_digits=True)
    bob, to_bob = connect(phones, engine, codecs=EVENTS)
    engine.bridge(to_alice, to_bob)
    wait_stats(engine, to_alice, lambda stats: stats.receive.packets > 10)
    path = tmp_path / "call.wav"
    with engine.record(to_alice, path), bob.tap() as ear:
        alice.send_digits("4929123456", **FAST)
        assert pressed(engine, to_alice, 10) == "4929123456"
        heard = ear.read()
    assert level_dbfs(heard) < -60
    with wave.open(str(path)) as file:
        recorded = np.frombuffer(file.readframes(file.getnframes()), np.int16)[::2]
    assert len(recorded) > 8000
    assert level_dbfs(recorded) < -60
    assert bob.stats().receive.digits == 0
