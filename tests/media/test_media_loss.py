"""A path that loses packets, between a real phone leg and a real leg; what is lost is decided by a seed."""

import random

import pytest

import mediacore as mc
from tests.support.media_bench import BarePhone, level_dbfs

PACKETS = 150  # three seconds


def listen_through(engine, phones, lost_ratio: float, *, seed: int = 7) -> tuple[mc.LegStats, float]:
    """Figures and level of what is heard from a phone whose packets are lost so often."""
    dice = random.Random(seed)
    with BarePhone() as path:
        leg = engine.leg(mc.RtpParams(remote=path.local))
        phone = phones.leg(mc.RtpParams(remote=path.local, send_silence=False))
        phone.play_tone(440, level_dbfs=-12)
        with leg.tap(buffer_ms=10_000) as tap:
            carried = 0
            while carried < PACKETS:
                datagram, source = path.socket.recvfrom(2048)
                if source == phone.local and not 192 <= datagram[1] <= 223:
                    carried += 1
                    if dice.random() >= lost_ratio:
                        path.socket.sendto(datagram, leg.local)
            stats = leg.stats()
            heard = tap.read()
        phone.close()
        leg.close()
    sound = heard[(abs(heard) > 1000).argmax() + 800 :]
    return stats, level_dbfs(sound)


def test_loss_is_concealed_with_sound_and_the_score_falls(engine, phones):
    clean, clean_level = listen_through(engine, phones, 0.0)
    some, some_level = listen_through(engine, phones, 0.05)
    much, _ = listen_through(engine, phones, 0.20)
    assert clean_level == pytest.approx(-12, abs=0.5)
    assert some_level == pytest.approx(clean_level, abs=1.0), "concealed rather than silent"
    assert clean.receive.lost == 0
    assert 0.01 < some.receive.lost_ratio < 0.12
    assert 0.12 < much.receive.lost_ratio < 0.30
    assert some.receive.concealed_ms > 0
    assert clean.mos > 4.2
    assert clean.mos - some.mos > 0.2
    assert some.mos - much.mos > 0.5
    assert much.receive.lost > 0


def test_loss_is_named(engine, phones):
    stats, _ = listen_through(engine, phones, 0.20)
    assert "loss-from-peer" in [verdict.code for verdict in mc.verdicts(stats)]
