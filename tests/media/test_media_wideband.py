"""Codecs of different rates through the engine, over real sockets. The ear is a bare socket with linear samples at
16 kHz: what it hears has been through no decoder of ours."""

from collections.abc import Iterator

import numpy as np
import pytest

import mediacore as mc
from tests.support.media_bench import BarePhone, Samples, connect, wait_stats

L16_HZ = 16_000
FRAME = L16_HZ // 50
L16 = ("96 L16/16000",)
PCMU, PCMA, G722, OPUS = "PCMU/8000", "PCMA/8000", "G722/8000", "97 opus/48000/2"
SETTLE_FRAMES, LISTEN_FRAMES = 40, 50


class LinearPhone(BarePhone):
    """Says a tone at 16 kHz and keeps what it hears; each packet that comes is the beat for one of its own."""

    def __init__(self, hz: float | None) -> None:
        super().__init__(payload_type=96)
        self.hz = hz
        self.spoken = 0

    def talk(self, to: tuple[str, int], frames: int) -> Samples:
        heard = []
        for _ in range(frames):
            self.send(to, self._next().astype(">i2").tobytes())
            self.timestamp += FRAME - 160
            heard.append(np.frombuffer(self.receive().payload, ">i2").astype(np.int16))
        return np.concatenate(heard)

    def _next(self) -> Samples:
        moments = np.arange(self.spoken, self.spoken + FRAME) / L16_HZ
        self.spoken += FRAME
        if self.hz is None:
            return np.zeros(FRAME, np.int16)
        return (8000 * np.sin(2 * np.pi * self.hz * moments)).astype(np.int16)


@pytest.fixture
def linear() -> Iterator[LinearPhone]:
    phone = LinearPhone(None)
    yield phone
    phone.socket.close()


def level_at(samples: Samples, hz: float) -> float:
    """How loud one frequency is, 0 dBFS being full scale; others may be there too."""
    window = np.hanning(len(samples))
    turn = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / L16_HZ)
    amplitude = 2 * abs(np.sum(samples * window * turn)) / np.sum(window)
    return 20 * float(np.log10(max(amplitude, 1e-3) / 32767))


def listen(phone: LinearPhone, leg: mc.Leg) -> Samples:
    """A second of what it hears, once everything is under way."""
    phone.talk(leg.local, SETTLE_FRAMES)
    return phone.talk(leg.local, LISTEN_FRAMES)


@pytest.mark.parametrize("codec", [PCMU, PCMA, G722, OPUS])
def test_a_wide_leg_and_one_of_any_codec_hear_each_other(engine, phones, linear, codec):
    linear.hz = 1300.0
    to_linear = engine.leg(mc.RtpParams(remote=linear.local, codecs=L16))
    far, to_far = connect(phones, engine, codecs=(codec,))
    engine.bridge(to_linear, to_far)
    far.watch_tones(1300.0)
    far.play_tone(700.0, level_dbfs=-12)
    heard = listen(linear, to_linear)
    assert level_at(heard, 700.0) == pytest.approx(-12, abs=1.5)
    assert level_at(heard, 1300.0) < -50
    assert any(isinstance(event, mc.ToneStarted) and event.hz == 1300.0 for event in phones.events(timeout_s=0))
    assert (to_linear.stats().receive.codec, to_linear.stats().forwarded_packets) == ("L16/16000", 0)
    assert to_far.stats().send.codec == codec.split()[-1].upper()


@pytest.mark.parametrize(("codec", "is_wide"), [(PCMU, False), (G722, True), (OPUS, True)])
def test_what_is_above_the_telephones_band_comes_back_from_wide_phones_alone(engine, phones, linear, codec, is_wide):
    linear.hz = 5300.0
    to_linear = engine.leg(mc.RtpParams(remote=linear.local, codecs=L16))
    far, to_far = connect(phones, engine, codecs=(codec,))
    phones.echo(far)
    engine.bridge(to_linear, to_far)
    heard = listen(linear, to_linear)
    level = level_at(heard, 5300.0)
    assert (level > -20) is is_wide, level
    # Half the rate of G.711 less the tone: what a converter without a filter would leave there.
    assert level_at(heard, 8000 - 5300.0) < -60


def test_in_a_room_of_all_codecs_each_hears_the_others_and_not_itself(engine, phones, linear):
    linear.hz = 450.0
    to_linear = engine.leg(mc.RtpParams(remote=linear.local, codecs=L16))
    tones = {PCMU: 640.0, G722: 930.0, OPUS: 1370.0}
    room = engine.conference()
    room.add(to_linear)
    members = {codec: connect(phones, engine, codecs=(codec,), near=to_linear) for codec in tones}
    for codec, (phone, leg) in members.items():
        room.add(leg)
        phone.watch_tones(450.0, *tones.values())
        phone.play_tone(tones[codec], level_dbfs=-20)
    heard = listen(linear, to_linear)
    for hz in tones.values():
        assert level_at(heard, hz) == pytest.approx(-20, abs=2)
    assert level_at(heard, 450.0) < -50
    for codec, (_, leg) in members.items():
        stats = leg.stats()
        assert stats.receive.codec == codec.split()[-1].upper()
        assert stats.receive.undecodable == 0
        assert stats.decoded_packets > SETTLE_FRAMES


@pytest.mark.parametrize("codec", [PCMA, G722, OPUS])
@pytest.mark.parametrize("ptime_ms", [10, 30, 60])
def test_packets_of_any_length_are_made_and_taken(engine, phones, linear, codec, ptime_ms):
    linear.hz = 1300.0
    to_linear = engine.leg(mc.RtpParams(remote=linear.local, codecs=L16))
    far, to_far = connect(phones, engine, codecs=(codec,), ptime_ms=ptime_ms)
    far.update(mc.RtpParams(remote=to_far.local, codecs=(codec,), ptime_ms=ptime_ms))
    engine.bridge(to_linear, to_far)
    far.play_tone(700.0, level_dbfs=-12)
    heard = listen(linear, to_linear)
    assert level_at(heard, 700.0) == pytest.approx(-12, abs=1.5)
    made_ms = 20 if (codec, ptime_ms) == (OPUS, 30) else ptime_ms  # Opus has no frames of 30 ms
    sent = to_far.stats().send.packets
    expected = (SETTLE_FRAMES + LISTEN_FRAMES) * 20 / made_ms
    assert sent == pytest.approx(expected, rel=0.15, abs=3)


def test_a_peer_that_changes_its_codec_in_mid_stream_goes_on_being_heard(engine, phones, linear):
    to_linear = engine.leg(mc.RtpParams(remote=linear.local, codecs=L16))
    both = ("9 G722/8000", "0 PCMU/8000", OPUS)
    far, to_far = connect(phones, engine, codecs=both)
    engine.bridge(to_linear, to_far)
    far.play_tone(700.0, level_dbfs=-12)
    for changes, first in enumerate(("9 G722/8000", "0 PCMU/8000", OPUS)):
        others = tuple(codec for codec in both if codec != first)
        far.update(mc.RtpParams(remote=to_far.local, codecs=(first, *others)))
        assert level_at(listen(linear, to_linear), 700.0) == pytest.approx(-12, abs=1.5)
        assert to_far.stats().receive.codec_changes == changes
    wait_stats(engine, to_far, lambda stats: stats.receive.ssrc_changes == 0)
