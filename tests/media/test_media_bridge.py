"""Two phones through the engine, over real sockets."""

import numpy as np
import pytest

import mediacore as mc
from tests.support.media_bench import BarePhone, connect, level_dbfs, loudest_hz, tone, wait_event, wait_stats

PCMU, PCMA = ("PCMU/8000",), ("PCMA/8000",)
SECOND = mc.SAMPLE_RATE_HZ


def hear(tap: mc.Tap, samples: int = SECOND) -> np.ndarray:
    """What comes, from its first sound on: before it there is silence of unknown length."""
    pieces = []
    while not pieces or len(np.concatenate(pieces)) < samples:
        piece = tap.read_exactly(mc.FRAME_SAMPLES, timeout_s=10)
        if pieces or level_dbfs(piece) > -40:
            pieces.append(piece)
    return np.concatenate(pieces)[:samples]


def test_a_numpy_tone_crosses_a_forwarded_bridge_undecoded(engine, phones):
    alice, to_alice = connect(phones, engine)
    bob, to_bob = connect(phones, engine)
    engine.bridge(to_alice, to_bob)
    with bob.tap() as tap, alice.source() as source:
        source.write(tone(1000, -12, 1500))
        heard = hear(tap)
    assert loudest_hz(heard) == pytest.approx(1000, abs=5)
    assert level_dbfs(heard[800:]) == pytest.approx(-12, abs=1)
    stats = to_alice.stats()
    assert stats.forwarded_packets > 50
    assert stats.decoded_packets == 0
    assert to_bob.stats().decoded_packets == 0


def test_different_codecs_are_transcoded(engine, phones):
    alice, to_alice = connect(phones, engine, codecs=PCMU)
    bob, to_bob = connect(phones, engine, codecs=PCMA)
    engine.bridge(to_alice, to_bob)
    with bob.tap() as tap, alice.source() as source:
        source.write(tone(440, -20, 1500))
        heard = hear(tap)
    assert loudest_hz(heard) == pytest.approx(440, abs=5)
    assert level_dbfs(heard[800:]) == pytest.approx(-20, abs=1)
    stats = to_alice.stats()
    assert stats.forwarded_packets == 0
    assert stats.decoded_packets > 50
    assert (stats.receive.codec, to_bob.stats().send.codec) == ("PCMU/8000", "PCMA/8000")


def test_tones_are_found_both_ways_at_their_levels(engine, phones):
    alice, to_alice = connect(phones, engine)
    bob, to_bob = connect(phones, engine)
    engine.bridge(to_alice, to_bob)
    alice.watch_tones(440, 1000)
    bob.watch_tones(440, 1000)
    alice.play_tone(440, level_dbfs=-15)
    bob.play_tone(1000, level_dbfs=-25)
    found = [wait_event(phones, mc.ToneStarted) for _ in range(2)]
    by_leg = {event.leg.id: event for event in found}
    assert by_leg[bob.id].hz == 440
    assert by_leg[bob.id].level_dbfs == pytest.approx(-15, abs=1)
    assert by_leg[alice.id].hz == 1000
    assert by_leg[alice.id].level_dbfs == pytest.approx(-25, abs=1)


def test_an_echo_returns_what_was_said(engine, phones):
    alice, to_alice = connect(phones, engine)
    with engine.echo(to_alice), alice.tap() as tap, alice.source() as source:
        source.write(tone(700, -12, 1500))
        heard = hear(tap)
    assert loudest_hz(heard) == pytest.approx(700, abs=5)
    assert to_alice.stats().forwarded_packets > 50


def test_a_tone_played_to_a_leg_reaches_its_phone_alone(engine, phones):
    alice, to_alice = connect(phones, engine)
    alice.watch_tones(425)
    player = to_alice.play_tone(425, level_dbfs=-10, duration_ms=400)
    started = wait_event(phones, mc.ToneStarted)
    ended = wait_event(phones, mc.ToneEnded)
    assert started.level_dbfs == pytest.approx(-10, abs=1)
    assert ended.duration_ms == pytest.approx(400, abs=80)
    assert wait_event(engine, mc.PlayFinished) == mc.PlayFinished(to_alice, player.id, True)


def test_a_stopped_tone_is_silent_and_stopping_it_again_does_nothing(engine, phones):
    alice, to_alice = connect(phones, engine)
    alice.watch_tones(425)
    player = to_alice.play_tone(425)
    wait_event(phones, mc.ToneStarted)
    player.stop()
    player.stop()
    wait_event(phones, mc.ToneEnded)


def test_a_bridge_that_is_closed_is_silent(engine, phones):
    alice, to_alice = connect(phones, engine)
    bob, to_bob = connect(phones, engine)
    bob.watch_tones(440)
    alice.play_tone(440)
    bridge = engine.bridge(to_alice, to_bob)
    wait_event(phones, mc.ToneStarted)
    bridge.close()
    bridge.close()
    wait_event(phones, mc.ToneEnded)
    assert engine.stats().bridges == 0


def test_a_new_bridge_leaves_the_old_one(engine, phones):
    alice, to_alice = connect(phones, engine)
    _, to_bob = connect(phones, engine)
    carol, to_carol = connect(phones, engine)
    old = engine.bridge(to_alice, to_bob)
    engine.bridge(to_alice, to_carol)
    assert engine.stats().bridges == 1
    carol.watch_tones(440)
    alice.play_tone(440)
    assert wait_event(phones, mc.ToneStarted).leg is carol
    old.close()
    assert engine.stats().bridges == 1, "closing what has ended already does nothing"


def test_legs_of_different_threads_come_together(phones, ports):
    with mc.Engine(ports=ports, threads=2) as engine:
        alice, to_alice = connect(phones, engine)
        bob, to_bob = connect(phones, engine)
        bob.watch_tones(440)
        alice.play_tone(440)
        wait_stats(engine, to_alice, lambda stats: stats.receive.packets > 5)
        engine.bridge(to_alice, to_bob)
        assert wait_event(phones, mc.ToneStarted).leg is bob
        assert to_alice.stats().receive.lost == 0


def test_muting_is_silence_for_the_other_side(engine, phones):
    alice, to_alice = connect(phones, engine)
    bob, to_bob = connect(phones, engine)
    engine.bridge(to_alice, to_bob)
    bob.watch_tones(440)
    alice.play_tone(440)
    wait_event(phones, mc.ToneStarted)
    to_alice.mute(receive=True)
    wait_event(phones, mc.ToneEnded)
    assert to_alice.stats().is_muted_receive
    to_alice.mute(receive=False)
    wait_event(phones, mc.ToneStarted)


def test_hold_and_resume_keep_the_stream_in_one_piece(engine, phones):
    alice, to_alice = connect(phones, engine)
    with BarePhone() as bob:
        to_bob = engine.leg(mc.RtpParams(remote=bob.local))
        engine.bridge(to_alice, to_bob)
        alice.play_tone(440)
        first = bob.receive()
        to_bob.update(mc.RtpParams(remote=bob.local, direction="inactive"))
        bob.waiting()
        held = to_bob.stats().send.packets
        heard = to_alice.stats().receive.packets
        wait_stats(engine, to_alice, lambda stats: stats.receive.packets >= heard + 10)
        assert bob.waiting() == 0, "nothing is sent on hold"
        to_bob.update(mc.RtpParams(remote=bob.local))
        after = bob.receive()
    assert after.ssrc == first.ssrc
    assert (after.sequence - first.sequence) % 65_536 == held
    assert (after.timestamp - first.timestamp) % 2**32 >= 160 * 8, "the clock ran on"


def test_a_tap_that_nobody_reads_drops_the_oldest_and_counts_it(engine, phones):
    alice, to_alice = connect(phones, engine)
    with to_alice.tap(buffer_ms=40) as tap:
        alice.play_tone(440)
        wait_stats(engine, to_alice, lambda stats: stats.tap_dropped_frames >= 3)
        assert tap.dropped_frames >= 3
        assert len(tap.read()) == 2 * mc.FRAME_SAMPLES


def test_a_source_counts_what_it_could_not_take_and_can_be_cleared(engine, phones):
    _, to_alice = connect(phones, engine)
    with to_alice.source(buffer_ms=100) as source:
        samples = tone(440, -10, 200)
        written = source.write(samples)
        assert 800 <= written < 1600
        assert source.overflowed_samples == 1600 - written
        source.clear()
        wait_stats(engine, to_alice, lambda stats: stats.send.packets >= 10)
        assert source.room_samples == 800
        assert source.played_samples < written
