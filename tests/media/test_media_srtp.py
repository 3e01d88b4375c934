"""Legs that speak SRTP over real sockets: agreed by SDP, heard by who has the keys, and by nobody else."""

import contextlib
import socket
from time import monotonic

import pytest

import mediacore as mc
from tests.support.media_bench import port_range, wait_event, wait_stats

WAIT_S = 10.0
SAVP_OFFER = """v=0
o=alice 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio {port} RTP/SAVP 0
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz
a=rtcp-mux
"""


def hears(leg: mc.Leg, hz: float, from_: mc.Leg) -> float:
    """The level of a tone that one leg plays to the other."""
    leg.watch_tones(hz)
    player = from_.play_tone(hz, level_dbfs=-10)
    started = wait_event(leg.engine, mc.ToneStarted, lambda event: event.leg is leg)
    player.stop()
    return started.level_dbfs


@pytest.mark.parametrize("suite", mc.sdp.KEY_OCTETS)
def test_two_legs_agree_on_a_suite_and_hear_each_other(engine, suite):
    with mc.Engine(ports=port_range(10), threads=1, srtp="required", srtp_suites=[suite]) as phones:
        caller = phones.leg()
        with mc.Engine(ports=port_range(10), threads=1, srtp_suites=[suite]) as others:
            callee = others.leg(offer=caller.offer)
            caller.accept(callee.answer)
            assert hears(caller, 440, callee) == pytest.approx(-10, abs=1)
            assert hears(callee, 660, caller) == pytest.approx(-10, abs=1)
            for leg in (caller, callee):
                stats = leg.stats()
                assert stats.is_srtp
                assert stats.receive.rejected == mc.Rejected()
                assert leg.verdicts() == ()


def test_srtp_and_plain_rtp_are_bridged_without_being_decoded(engine, phones):
    secure = mc.Engine(ports=port_range(10), threads=1, srtp="required")
    plain = mc.Engine(ports=port_range(10), threads=1, srtp="off")
    with secure, plain:
        alice, bob = secure.leg(), plain.leg()
        to_alice = engine.leg(offer=alice.offer)
        to_bob = engine.leg(offer=bob.offer, near=to_alice)
        alice.accept(to_alice.answer)
        bob.accept(to_bob.answer)
        engine.bridge(to_alice, to_bob)
        assert hears(bob, 440, alice) == pytest.approx(-10, abs=1)
        assert hears(alice, 660, bob) == pytest.approx(-10, abs=1)
        assert (to_alice.stats().is_srtp, to_bob.stats().is_srtp) == (True, False)
        assert to_alice.stats().forwarded_packets > 5
        assert to_alice.stats().decoded_packets == 0


def test_keys_are_changed_by_an_offer_of_ours_and_nothing_is_lost(engine, phones):
    caller = phones.leg()
    callee = engine.leg(mc.RtpParams(report_every_ms=20), offer=caller.offer)
    caller.accept(callee.answer)
    before = caller.params.srtp
    assert hears(callee, 440, caller) == pytest.approx(-10, abs=1)
    answer = callee.reoffer(caller.rekey())
    caller.accept(answer)
    assert caller.params.srtp.send != before.send
    assert caller.params.srtp.receive == before.receive
    assert hears(callee, 660, caller) == pytest.approx(-10, abs=1)
    stats = wait_stats(engine, callee, lambda stats: stats.receive.packets > 60)
    assert (stats.receive.lost, stats.receive.rejected.unauthenticated) == (0, 0)


def test_an_offer_of_rtp_savp_is_answered_by_a_plain_engine_of_ours():
    with mc.Engine(ports=port_range(10), threads=1) as engine:
        answer = mc.sdp.parse(engine.leg(offer=SAVP_OFFER.format(port=45_000)).answer)
        assert answer.media[0].protocol == "RTP/SAVP"
        assert len(mc.sdp.crypto_lines(answer.media[0])) == 1


def test_who_has_no_srtp_refuses_and_who_requires_it_too():
    with mc.Engine(ports=port_range(10), threads=1, srtp="off") as engine:
        with pytest.raises(mc.NoCommonCodec):
            engine.leg(offer=SAVP_OFFER.format(port=45_000))
    with mc.Engine(ports=port_range(10), threads=1, srtp="required") as engine:
        plain = SAVP_OFFER.format(port=45_000).replace("RTP/SAVP", "RTP/AVP").replace("a=crypto", "a=x-crypto")
        with pytest.raises(mc.NoCommonCodec):
            engine.leg(offer=plain)


class BarePhone:
    """A socket that seals by `mediacore.Srtp`, or does not."""

    def __init__(self, source: bytes = b"here") -> None:
        self.source = source
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.number = 0

    @property
    def port(self) -> int:
        return self.socket.getsockname()[1]

    def packet(self) -> bytes:
        self.number += 1
        timestamp = (160 * self.number).to_bytes(4, "big")
        return b"\x80\x00" + self.number.to_bytes(2, "big") + timestamp + self.source + b"\xff" * 160

    def drain(self) -> int:
        """How many datagrams have come."""
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self.socket.recv(2048)
                count += 1
        return count


def throw(leg: mc.Leg, sender: BarePhone, datagrams: list[bytes | None]) -> None:
    """Sends to the leg, no faster than its socket can hold."""
    for number, datagram in enumerate(datagrams):
        if number % 20 == 0:
            wait_event(leg.engine, mc.Report)
        assert datagram is not None
        sender.socket.sendto(datagram, leg.local)
    wait_event(leg.engine, mc.Report)
    wait_event(leg.engine, mc.Report)


@pytest.mark.parametrize("order", ["before", "during", "after"])
def test_a_third_address_gets_nothing_in_and_nothing_out(engine, order):
    phone, stranger = BarePhone(), BarePhone(b"evil")
    with phone.socket, stranger.socket:
        leg = engine.leg(mc.RtpParams(report_every_ms=20), offer=SAVP_OFFER.format(port=phone.port))
        keys = leg.params.srtp
        srtp = mc.Srtp(send=keys.receive[0], receive=keys.send)
        sealed = srtp.protect([phone.packet() for _ in range(100)])
        # Its own keys, plain RTP, and what the phone has said.
        forged = mc.Srtp(send=mc.new_key(), receive=mc.new_key()).protect([stranger.packet() for _ in range(100)])
        plain: list[bytes | None] = [stranger.packet() for _ in range(100)]

        if order == "before":
            throw(leg, stranger, forged + plain)
        throw(leg, phone, sealed[:50])
        if order == "during":
            throw(leg, stranger, forged + plain)
        throw(leg, phone, sealed[50:])
        if order == "after":
            throw(leg, stranger, forged + plain)
        throw(leg, stranger, sealed)
        stats = wait_stats(engine, leg, lambda it: it.receive.rejected.replayed == 100)
        assert stats.receive.packets == 100
        assert stats.receive.rejected == mc.Rejected(
            unauthenticated=200, unauthenticated_run=200 * (order == "after"), replayed=100
        )
        assert stats.remote == ("127.0.0.1", phone.port)
        assert stranger.drain() == 0
        assert phone.drain() > 0


def test_a_phone_that_moves_to_another_port_is_followed_by_its_keys(engine):
    phone, moved = BarePhone(), BarePhone()
    with phone.socket, moved.socket:
        leg = engine.leg(mc.RtpParams(report_every_ms=20), offer=SAVP_OFFER.format(port=phone.port))
        keys = leg.params.srtp
        srtp = mc.Srtp(send=keys.receive[0], receive=keys.send)
        for socket_ in (phone.socket, moved.socket):
            for datagram in srtp.protect([phone.packet() for _ in range(5)]):
                socket_.sendto(datagram, leg.local)
            at = socket_.getsockname()
            wait_stats(engine, leg, lambda stats, at=at: stats.remote == at)
        wait_stats(engine, leg, lambda stats: moved.drain() > 0)
        assert leg.stats().receive.packets == 10


def test_keys_that_do_not_fit_are_told_as_a_verdict_in_words(engine):
    phone = BarePhone()
    with phone.socket:
        leg = engine.leg(offer=SAVP_OFFER.format(port=phone.port))
        wrong = mc.Srtp(send=mc.new_key(), receive=mc.new_key())
        until = monotonic() + WAIT_S
        while not (found := leg.verdicts(deaf_after_ms=300)) and monotonic() < until:
            phone.socket.sendto(wrong.protect([phone.packet()])[0], leg.local)
            phone.drain()
        assert found[0].code == "srtp-authentication-failing"
        assert "a=crypto" in found[0].remedy
        assert found[0].evidence.split()[0].isdigit()


def test_a_hold_is_no_change_of_keys(engine, phones):
    caller = phones.leg()
    callee = engine.leg(offer=caller.offer)
    caller.accept(callee.answer)
    keys = callee.params.srtp
    held = caller.offer.replace("a=sendrecv", "a=sendonly")
    callee.reoffer(held)
    assert (callee.params.direction, callee.params.srtp) == ("recvonly", keys)
