"""Who may send to a leg: RTP from a third address, wrong payload types, garbage."""

import pytest

import mediacore as mc
from tests.support.media_bench import BarePhone, connect, wait_event, wait_stats


@pytest.mark.parametrize("stranger_host", ["127.0.0.2", "127.0.0.1"])
def test_a_stranger_gets_nothing_in_and_nothing_out_once_the_phone_is_heard(engine, phones, stranger_host):
    alice, to_alice = connect(phones, engine)
    bob, to_bob = connect(phones, engine)
    engine.bridge(to_alice, to_bob)
    alice.play_tone(440)
    wait_event(engine, mc.Latched, lambda event: event.leg is to_alice)
    with BarePhone(stranger_host) as stranger:
        for _ in range(50):
            stranger.send(to_alice.local)
        wait_stats(engine, to_alice, lambda stats: stats.receive.rejected.host + stats.receive.rejected.port == 50)
        assert stranger.waiting() == 0
    assert to_alice.stats().remote == alice.local
    assert bob.stats().receive.ssrc_changes == 0, "not one of the stranger's packets came through"


def test_another_host_that_speaks_first_is_not_let_in(engine, phones):
    with BarePhone("127.0.0.2") as stranger, BarePhone() as alice:
        leg = engine.leg(mc.RtpParams(remote=alice.local, report_every_ms=20))
        for _ in range(20):
            stranger.send(leg.local)
        wait_stats(engine, leg, lambda stats: stats.receive.rejected.host == 20)
        alice.send(leg.local)
        assert wait_event(engine, mc.Latched).remote == alice.local
        assert stranger.waiting() == 0
    assert leg.stats().receive.packets == 1


def test_a_port_behind_a_nat_is_learned_and_silence_opens_it(engine):
    with BarePhone() as behind_nat:
        leg = engine.leg(mc.RtpParams(remote="127.0.0.1:9"))
        behind_nat.send(leg.local)
        assert wait_event(engine, mc.Latched).remote == behind_nat.local
        assert len(behind_nat.receive().payload) == 160


def test_the_host_of_the_signalling_stands_in_for_a_private_address(engine):
    with BarePhone() as phone:
        leg = engine.leg(mc.RtpParams(remote="10.1.2.3:4000", signalling_address="127.0.0.1"))
        phone.send(leg.local)
        assert wait_event(engine, mc.Latched).remote == phone.local
        assert leg.stats().is_latched


def test_nobody_is_heard_before_the_peer_is_known(engine):
    with BarePhone() as early:
        leg = engine.leg(mc.RtpParams(report_every_ms=20))
        early.send(leg.local)
        wait_stats(engine, leg, lambda stats: stats.receive.rejected.no_peer == 1)
        open_leg = engine.leg(mc.RtpParams(accept_any_source=True))
        early.send(open_leg.local)
        assert wait_event(engine, mc.Latched).leg is open_leg


def test_a_wrong_payload_type_is_counted_and_named(engine):
    with BarePhone(payload_type=18) as phone:
        leg = engine.leg(mc.RtpParams(remote=phone.local, codecs=["PCMU/8000"], report_every_ms=20))
        for _ in range(10):
            phone.send(leg.local)
        stats = wait_stats(engine, leg, lambda stats: stats.receive.rejected.payload_type == 10)
        assert stats.receive.rejected.payload_type_last == 18
        assert stats.receive.packets == 0
        verdict = leg.verdicts(deaf_after_ms=0)[0]
        assert verdict.code == "wrong-payload-type"
        assert "18" in verdict.sentence


def test_garbage_is_counted_and_never_answered(engine):
    with BarePhone() as phone:
        leg = engine.leg(mc.RtpParams(remote=phone.local, send_silence=False, report_every_ms=20))
        for length in range(40):
            phone.socket.sendto(bytes(range(length)), leg.local)
        wait_stats(engine, leg, lambda stats: stats.receive.rejected.malformed >= 39)
        assert phone.waiting() == 0
