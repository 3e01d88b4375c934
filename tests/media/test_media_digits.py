"""Digits over real sockets: between two engines, forwarded and transcoded, over a lossy path, and awaited."""

import asyncio
import random
import struct

import mediacore.asyncio
import mediacore.trio
import pytest
import trio

import mediacore as mc
from tests.support.media_bench import BarePhone, connect, port_range, wait_event, wait_stats

PCMU = ("PCMU/8000", "101 telephone-event/8000")
PCMA = ("PCMA/8000", "96 telephone-event/8000")
WAIT_S = 10

FAST = {"duration_ms": 60, "gap_ms": 40}


def pressed(engine: mc.Engine, leg: mc.Leg, count: int) -> str:
    """The next digits that the leg's peer presses; those of other legs are passed over."""
    digits = ""
    for event in engine.events(timeout_s=WAIT_S):
        if isinstance(event, mc.DigitPressed) and event.leg is leg:
            digits += event.digit
        if len(digits) == count:
            break
    return digits


def events_of(phone: BarePhone, payload_type: int, until_ends: int):
    """Telephone-events that come to a bare phone, until there were so many ends."""
    found = []
    while sum(packet.payload[1] >> 7 for packet in found) < until_ends:
        packet = phone.receive()
        if packet.payload_type == payload_type:
            found.append(packet)
    return found


@pytest.mark.parametrize("other", [PCMU, PCMA], ids=["forwarded", "transcoded"])
def test_digits_cross_a_bridge_and_both_ends_of_it_are_told(engine, phones, other):
    alice, to_alice = connect(phones, engine, codecs=PCMU)
    bob, to_bob = connect(phones, engine, codecs=other)
    engine.bridge(to_alice, to_bob)
    wait_stats(engine, to_alice, lambda stats: stats.receive.packets > 5)
    alice.send_digits("1155*#AD", **FAST)
    assert pressed(engine, to_alice, 8) == "1155*#AD"
    assert pressed(phones, bob, 8) == "1155*#AD"
    stats = to_alice.stats()
    assert (stats.receive.digits, stats.receive.digits_refused, stats.receive.lost) == (8, 0, 0)
    if other is PCMU:
        assert stats.decoded_packets == 0
    else:
        assert stats.receive.concealed_ms == 0, "a digit is no loss"


def test_the_length_of_a_digit_is_told_when_it_is_over(engine, phones):
    alice, to_alice = connect(phones, engine)
    player = alice.send_digits("7", duration_ms=200)
    assert wait_event(phones, mc.PlayFinished) == mc.PlayFinished(alice, player.id, True)
    begun, ended = (event for event in engine.poll_events() if isinstance(event, mc.DigitPressed | mc.DigitReleased))
    assert (begun.leg, begun.digit) == (to_alice, "7")
    assert (ended.leg, ended.digit, ended.duration_ms) == (to_alice, "7", 200)
    assert ended.at > begun.at


@pytest.mark.parametrize("other", [PCMU, PCMA], ids=["forwarded", "transcoded"])
def test_a_bridged_leg_sends_digits_of_its_own_in_one_stream(engine, phones, other):
    alice, to_alice = connect(phones, engine, codecs=PCMU)
    with BarePhone() as bob:
        to_bob = engine.leg(mc.RtpParams(remote=bob.local, codecs=other))
        engine.bridge(to_alice, to_bob)
        alice.play_tone(440)
        first = bob.receive()
        to_bob.send_digits("9", duration_ms=100)
        events = events_of(bob, int(other[1].split()[0]), until_ends=3)
        after = bob.receive()
    assert [struct.unpack("!BBH", packet.payload) for packet in events] == [
        *((9, 10, ticks) for ticks in (160, 320, 480, 640)),
        *((9, 0x80 | 10, 800),) * 3,
    ]
    assert [packet.marker for packet in events] == [True] + [False] * 6
    assert len({packet.timestamp for packet in events}) == 1
    assert {packet.ssrc for packet in events} == {first.ssrc}
    assert (after.timestamp - events[0].timestamp) % 2**32 >= 800


def test_digits_survive_a_path_that_loses_a_third_of_the_packets(engine, phones):
    dice = random.Random(11)
    digits = "0123456789*#0011"
    with BarePhone() as path:
        leg = engine.leg(mc.RtpParams(remote=path.local))
        phone = phones.leg(mc.RtpParams(remote=path.local, send_silence=False))
        phone.send_digits(digits, duration_ms=100, gap_ms=60)
        ends = 0
        while ends < 3 * len(digits):
            datagram, source = path.socket.recvfrom(2048)
            if source == phone.local and not 192 <= datagram[1] <= 223:
                ends += datagram[1] & 0x7F == 101 and datagram[13] >> 7
                if dice.random() >= 0.33:
                    path.socket.sendto(datagram, leg.local)
                    if dice.random() < 0.2:
                        path.socket.sendto(datagram, leg.local)
        assert pressed(engine, leg, len(digits)) == digits
        assert leg.stats().receive.digits == len(digits)


def test_what_cannot_be_sent_is_refused(engine):
    deaf = engine.leg(mc.RtpParams(remote="127.0.0.1:9", codecs=["PCMU/8000"]))
    with pytest.raises(mc.NoTelephoneEvent) as refused:
        deaf.send_digits("1")
    assert refused.value.leg == deaf.id
    leg = engine.leg(mc.RtpParams(remote="127.0.0.1:9"))
    for digits, duration_ms in [("", 100), ("12x", 100), ("1" * 65, 100), ("1", 20), ("1", 9000)]:
        with pytest.raises(ValueError, match="digit"):
            leg.send_digits(digits, duration_ms=duration_ms)
    for _ in range(4):
        leg.send_digits("1")
    with pytest.raises(mc.MediaError, match="4 strings of digits"):
        leg.send_digits("1")


def test_digits_go_both_ways_as_offer_and_answer_have_agreed(engine, phones):
    phone = phones.leg()
    leg = engine.leg(offer=phone.offer)
    phone.accept(leg.answer)
    phone.send_digits("1", **FAST)
    leg.send_digits("2", **FAST)
    assert (pressed(engine, leg, 1), pressed(phones, phone, 1)) == ("1", "2")


def test_digits_wait_out_a_hold(engine, phones):
    alice, to_alice = connect(phones, engine)
    held = mc.RtpParams(remote=alice.local, direction="inactive")
    to_alice.update(held)
    to_alice.send_digits("42", **FAST)
    to_alice.update(mc.RtpParams(remote=alice.local))
    assert pressed(phones, alice, 2) == "42"


def pair(engine):
    """Two legs that talk to each other."""
    here = engine.leg()
    there = engine.leg(mc.RtpParams(remote=here.local))
    here.update(mc.RtpParams(remote=there.local))
    return here, there


async def test_collected_digits_end_with_their_count_their_end_or_their_time():
    async with mediacore.trio.Engine(ports=port_range(20)) as engine, trio.open_nursery() as nursery:
        here, there = pair(engine)
        nursery.start_soon(lambda: here.send_digits("12345", **FAST))
        assert await there.collect_digits(count=5, timeout_s=WAIT_S, until="#") == "12345"
        nursery.start_soon(lambda: here.send_digits("98#", **FAST))
        assert await there.collect_digits(count=5, timeout_s=WAIT_S, until="*#") == "98"
        nursery.start_soon(lambda: here.send_digits("76", **FAST))
        assert await there.collect_digits(timeout_s=WAIT_S, between_s=0.5) == "76"
        nursery.start_soon(lambda: here.send_digits("5", **FAST))
        assert await there.collect_digits(count=2, timeout_s=0.5) == "5"
        assert await there.collect_digits(timeout_s=0.05) == ""


async def test_digits_that_were_pressed_during_a_prompt_are_kept_for_who_listens():
    async with mediacore.trio.Engine(ports=port_range(20)) as engine:
        here, there = pair(engine)
        with there.listening() as digits:
            await here.send_digits("123", **FAST)
            assert await digits.collect(count=2, timeout_s=WAIT_S) == "12"
            assert await digits.next(timeout_s=WAIT_S) == "3"
            with pytest.raises(TimeoutError):
                await digits.next(timeout_s=0.05)
        await here.send_digits("4", **FAST)
        assert await there.collect_digits(timeout_s=0.05) == "", "pressed before anybody listened"


async def test_sending_digits_waits_for_their_end_and_cancelling_it_ends_them():
    async with mediacore.trio.Engine(ports=port_range(20)) as engine:
        here, there = pair(engine)
        with there.listening() as digits:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lambda: here.send_digits("7" * 60, duration_ms=400))
                assert await digits.next(timeout_s=WAIT_S) == "7"
                nursery.cancel_scope.cancel()
            assert await digits.collect(timeout_s=1.0) == ""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_expect_no_telephone_event, here)
            await trio.testing.wait_all_tasks_blocked()
            here.update(mc.RtpParams(remote=there.local, codecs=["PCMU/8000"]))


async def _expect_no_telephone_event(leg: mediacore.trio.Leg) -> None:
    with pytest.raises(mc.NoTelephoneEvent):
        await leg.send_digits("7" * 60, duration_ms=400)


def test_asyncio_tasks_collect_digits():
    async def main() -> None:
        async with mediacore.asyncio.Engine(ports=port_range(20)) as engine:
            here, there = pair(engine)
            async with asyncio.TaskGroup() as group:
                collecting = group.create_task(there.collect_digits(count=4, timeout_s=WAIT_S, until="#", between_s=2))
                await here.send_digits("31#", **FAST)
            assert await collecting == "31"
            assert await there.collect_digits(count=1, timeout_s=0.05) == ""

    asyncio.run(main())
