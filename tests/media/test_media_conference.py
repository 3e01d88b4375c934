"""Conferences over real sockets: phones that speak tones, and what each of them hears."""

import wave
from collections.abc import Callable
from time import monotonic

import numpy as np
import pytest

import mediacore as mc
from tests.support.media_bench import Samples, connect, loudest_hz, tone, wait_event, wait_stats

PCMU, PCMA = ("PCMU/8000",), ("PCMA/8000",)
TONES_HZ = (430, 870, 1790)
WAIT_S = 10.0


@pytest.fixture
def talking(engine, phones):
    """Three phones that speak a tone each, and their legs."""
    return [speaking(phones, engine, hz) for hz in TONES_HZ]


def speaking(phones: mc.Engine, engine: mc.Engine, hz: float, **params: object) -> tuple[mc.Leg, mc.Leg]:
    phone, leg = connect(phones, engine, **params)
    phone.play_tone(hz, level_dbfs=-20)
    return phone, leg


def tones_in(samples: Samples) -> set[int]:
    """Which of the tones are louder than -40 dBFS."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) / len(samples) * 4 / 32767
    frequencies = np.fft.rfftfreq(len(samples), 1 / mc.SAMPLE_RATE_HZ)
    return {hz for hz in TONES_HZ if spectrum[np.abs(frequencies - hz) < 15].max() > 0.01}


def hears(tap: mc.Tap, wanted: set[int]) -> None:
    """A fifth of a second with exactly these tones comes; until it does, whatever was on its way before may come."""
    ends_at = monotonic() + WAIT_S
    heard: set[int] | None = None
    while heard != wanted:
        assert monotonic() < ends_at, f"{heard} is heard, not {wanted}"
        heard = tones_in(tap.read_exactly(1600, timeout_s=WAIT_S))
    assert tones_in(tap.read_exactly(1600, timeout_s=WAIT_S)) == wanted


def wait_until(is_so: Callable[[], bool], engine: mc.Engine, leg: mc.Leg) -> None:
    wait_stats(engine, leg, lambda _: is_so())


def test_each_of_three_hears_the_two_others_and_never_itself(engine, talking):
    room = engine.conference(max_members=3)
    for _, leg in talking:
        room.add(leg)
    for (phone, _), own in zip(talking, TONES_HZ, strict=True):
        with phone.tap() as tap:
            hears(tap, set(TONES_HZ) - {own})
    assert room.members == tuple(leg for _, leg in talking)
    assert engine.stats().conferences == 1


def test_members_are_muted_deafened_and_made_quieter(engine, talking):
    (first, to_first), (_, to_second), (third, to_third) = talking
    with engine.conference() as room, first.tap() as to_hear, third.tap() as third_hears:
        room.add(to_first, deaf=True)
        room.add(to_second)
        room.add(to_third, muted=True)
        hears(third_hears, {430, 870})
        hears(to_hear, set())
        room.change(to_first, deaf=False)
        hears(to_hear, {870})
        room.unmute(to_third)
        hears(to_hear, {870, 1790})
        room.change(to_second, gain_db=-40)
        hears(to_hear, {1790})
        room.mute(to_third)
        hears(to_hear, set())
        by_leg = {member.leg: member for member in room.stats().members}
        assert (by_leg[to_second].gain_db, by_leg[to_third].is_muted, by_leg[to_first].is_deaf) == (-40, True, False)


def test_a_leg_goes_from_a_bridge_into_a_room_and_back(engine, talking):
    (first, to_first), (_, to_second), (_, to_third) = talking
    bridge = engine.bridge(to_first, to_second)
    with first.tap() as tap:
        hears(tap, {870})
        room = engine.conference(near=to_first)
        room.add(to_third)
        room.add(to_first)
        hears(tap, {1790})
        assert engine.stats().bridges == 0
        bridge.close()
        engine.bridge(to_first, to_second)
        hears(tap, {870})
        assert room.members == (to_third,)
        assert to_first not in room


def test_legs_of_other_threads_are_brought_to_the_room(phones, ports):
    with mc.Engine(ports=ports, threads=2) as engine:
        talking = [speaking(phones, engine, hz) for hz in TONES_HZ]
        for _, leg in talking:
            wait_stats(engine, leg, lambda stats: stats.receive.packets > 5)
        room = engine.conference()
        for _, leg in talking:
            room.add(leg)
        with talking[0][0].tap() as tap:
            hears(tap, {870, 1790})
        assert sum(leg.stats().receive.lost for _, leg in talking) == 0


def test_members_of_different_codecs_hear_each_other(engine, phones):
    first, to_first = speaking(phones, engine, 430, codecs=PCMU)
    second, to_second = speaking(phones, engine, 870, codecs=PCMA)
    room = engine.conference()
    room.add(to_first)
    room.add(to_second)
    with first.tap() as tap, second.tap() as other_tap:
        hears(tap, {870})
        hears(other_tap, {430})


def test_a_file_plays_to_all_and_its_end_is_told_of_the_room(engine, talking, tmp_path):
    path = tmp_path / "welcome.wav"
    write_wav(path, tone(1790, -10, 1500))
    (first, to_first), (second, to_second), _ = talking
    room = engine.conference()
    room.add(to_first, muted=True)
    room.add(to_second, muted=True)
    with first.tap() as tap, second.tap() as other_tap:
        player = engine.play(path, to=room)
        finished = wait_event(engine, mc.PlayFinished)
        assert finished == mc.PlayFinished(None, player.id, True, room)
        for heard in (tap.read(), other_tap.read()):
            assert loudest_hz(heard) == pytest.approx(1790, abs=5)


def test_a_tone_and_a_source_play_to_a_room_until_they_are_stopped(engine, phones):
    phone, leg = connect(phones, engine)
    room = engine.conference()
    room.add(leg)
    with phone.tap() as tap:
        player = room.play_tone(430, level_dbfs=-20)
        hears(tap, {430})
        with room.source(buffer_ms=30_000) as source:
            source.write(tone(870, -20, 30_000))
            hears(tap, {430, 870})
        player.stop()
        hears(tap, set())


def test_a_recording_of_a_room_has_everybody_in_one_channel(engine, talking, tmp_path):
    path = tmp_path / "room.wav"
    with engine.conference() as room:
        for _, leg in talking:
            room.add(leg)
        wait_until(lambda: room.stats().mixed == 3, engine, talking[0][1])
        recorder = engine.record(room, path, max_s=1.0)
        finished = wait_event(engine, mc.RecordFinished)
        assert finished == mc.RecordFinished(None, recorder.id, "max-duration", 1000, room)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getnframes()) == (1, 8000)
        samples = np.frombuffer(file.readframes(8000), dtype=np.int16)
    assert tones_in(samples[:4000]) == tones_in(samples[4000:]) == set(TONES_HZ)


def test_a_recording_ends_with_its_room_and_is_whole(engine, talking, tmp_path):
    room = engine.conference()
    room.add(talking[0][1])
    recorder = engine.record(room, tmp_path / "room.wav")
    wait_until(lambda: recorder.duration_ms > 100, engine, talking[0][1])
    room.close()
    finished = wait_event(engine, mc.RecordFinished)
    assert (finished.room, finished.reason) == (room, "leg-closed")
    recorder.close()


def test_a_tap_of_a_room_hears_everybody(engine, talking):
    room = engine.conference()
    for _, leg in talking:
        room.add(leg)
    with room.tap() as tap:
        hears(tap, set(TONES_HZ))


def test_who_talks_is_told_of_and_stands_in_the_figures(engine, phones):
    phone, leg = connect(phones, engine)
    _, silent = connect(phones, engine)
    room = engine.conference()
    room.add(leg)
    room.add(silent)
    player = phone.play_tone(430, level_dbfs=-20)
    began = wait_event(engine, mc.TalkerChanged)
    assert (began.leg, began.room, began.is_talking) == (leg, room, True)
    wait_until(lambda: room.stats().talkers == (leg,), engine, leg)
    assert leg.stats().is_talking
    player.stop()
    ended = wait_event(engine, mc.TalkerChanged)
    assert (ended.leg, ended.is_talking) == (leg, False)
    assert ended.at > began.at


def test_a_digit_of_a_member_is_told_of(engine, phones):
    phone, leg = connect(phones, engine)
    room = engine.conference()
    room.add(leg)
    wait_stats(engine, leg, lambda stats: stats.receive.packets > 5)
    phone.send_digits("5")
    assert wait_event(engine, mc.DigitPressed).digit == "5"


def test_silent_members_share_what_is_encoded(engine, talking):
    (_, first), (_, second), (_, third) = talking
    room = engine.conference()
    room.add(first)
    room.add(second, muted=True)
    room.add(third, muted=True)
    wait_until(lambda: room.stats().shared_frames > 100, engine, first)
    stats = room.stats()
    assert stats.mixed == 1
    assert stats.shared_encodings == pytest.approx(stats.shared_frames / 2, abs=5)


# What should not be done, and is.


def test_a_room_that_is_full_says_so_and_leaves_the_leg_where_it_was(engine, talking):
    (_, first), (_, second), (_, third) = talking
    room = engine.conference(max_members=1)
    room.add(first)
    bridge = engine.bridge(second, third)
    with pytest.raises(mc.RoomFull) as full:
        room.add(second)
    assert (full.value.conference, full.value.max_members) == (room.id, 1)
    assert engine.stats().bridges == 1
    bridge.close()
    room.add(first, muted=True)
    room.remove(first)
    room.add(second)


def test_a_member_that_is_added_twice_is_one_member(engine, talking):
    (first, to_first), (_, to_second), _ = talking
    room = engine.conference()
    room.add(to_first)
    room.add(to_second, muted=True)
    room.add(to_second)
    assert room.members == (to_first, to_second)
    with first.tap() as tap:
        hears(tap, {870})


def test_a_leg_is_in_one_room_at_a_time(engine, talking):
    _, leg = talking[0]
    before, after = engine.conference(), engine.conference()
    before.add(leg)
    after.add(leg)
    assert (before.members, after.members) == ((), (leg,))
    before.remove(leg)
    assert after.members == (leg,)
    with pytest.raises(mc.NotAMember):
        before.mute(leg)


def test_a_closed_leg_is_refused_and_a_leg_that_closes_is_gone(engine, talking):
    (_, first), (second, to_second), (_, third) = talking
    room = engine.conference()
    for leg in (first, to_second, third):
        room.add(leg)
    first.close()
    assert room.members == (to_second, third)
    with second.tap() as tap:
        hears(tap, {1790})
    with pytest.raises(mc.LegClosed):
        room.add(first)
    with pytest.raises(mc.LegClosed):
        room.mute(first)
    room.remove(first)


def test_a_room_that_closes_leaves_its_members_open(engine, talking, tmp_path):
    (first, to_first), (_, to_second), _ = talking
    room = engine.conference()
    room.add(to_first)
    room.add(to_second)
    player, tap = room.play_tone(1790), room.tap()
    room.close()
    room.close()
    player.stop()
    tap.close()
    assert (room.members, engine.stats().conferences) == ((), 0)
    for refused in (
        lambda: room.add(to_first),
        lambda: room.remove(to_first),
        lambda: room.mute(to_first),
        lambda: room.play_tone(430),
        lambda: engine.play(tmp_path / "none.wav", to=room),
    ):
        with pytest.raises(mc.ConferenceClosed):
            refused()
    engine.bridge(to_first, to_second)
    with first.tap() as tap:
        hears(tap, {870})


def test_an_engine_that_closes_ends_its_rooms(engine, talking):
    room = engine.conference()
    for _, leg in talking:
        room.add(leg)
    engine.close()
    assert room.is_closed
    assert len(room.stats().members) == 3, "what was measured last"
    assert engine.stats().conferences == 0
    with pytest.raises(mc.EngineClosed):
        engine.conference()


def test_legs_that_come_go_and_close_while_all_talk_leave_a_room_that_works(engine, phones, talking):
    room = engine.conference()
    for _, leg in talking[:2]:
        room.add(leg)
    for turn in range(30):
        phone, leg = speaking(phones, engine, 1790)
        room.add(leg, muted=turn % 2 == 0)
        room.change(leg, gain_db=turn % 7, muted=False)
        if turn % 3 == 0:
            room.remove(leg)
        if turn % 5 == 0:
            engine.bridge(leg, talking[2][1])
        leg.close()
        phone.close()
    assert len(room.members) == 2
    with talking[0][0].tap() as tap:
        hears(tap, {870})


def test_wishes_that_make_no_sense_are_refused(engine, talking, tmp_path):
    _, leg = talking[0]
    for wrong in ({"max_members": 0}, {"loudest": 0}, {"loudest": 17}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            engine.conference(**wrong)
    room = engine.conference()
    for gain_db in (21.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="gain_db"):
            room.add(leg, gain_db=gain_db)
    with pytest.raises(ValueError, match="one direction"):
        engine.record(room, tmp_path / "room.wav", channels="stereo")


def write_wav(path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(mc.SAMPLE_RATE_HZ)
        file.writeframes(samples.tobytes())
