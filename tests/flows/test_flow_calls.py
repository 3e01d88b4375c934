"""Whole calls, signalling only, in virtual time: what each phone sees, and the one record that is left."""

from math import isclose

import pytest
import trio
from msgspec.structs import replace

from mediacore import sdp
from pbx.cdr.cdr import Cdr
from pbx.config.server import Limits
from pbx.testphone.phone import Phone, Refused
from pbx.testphone.phone_call import PhoneCall
from tests.support.world import EPOCH, World, make_tenant, open_world, wall

pytestmark = pytest.mark.usefixtures("weather")


async def only_cdr(world: World) -> Cdr:
    """The one record, and nothing else left of the call."""
    (cdr,) = await world.cdrs()
    await world.settle()
    world.assert_nothing_left()
    assert len(await world.cdrs()) == 1
    return cdr


async def connected(world: World) -> tuple[PhoneCall, PhoneCall]:
    """101 and 102 in an answered call."""
    alice, bob = await world.phone("101"), await world.phone("102")
    return await connect(alice, bob)


async def connect(alice: Phone, bob: Phone) -> tuple[PhoneCall, PhoneCall]:
    call = alice.dial(bob.account.number)
    incoming = await bob.incoming.receive()
    incoming.ring()
    incoming.answer()
    assert await call.wait_answered()
    return call, incoming


async def test_a_call_is_answered_talked_and_ended_by_the_caller(autojump_clock):
    async with open_world() as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        ringing = await bob.incoming.receive()
        ringing.ring()
        await call.ringing.wait()
        assert ringing.remote_number == "101"
        await trio.sleep(4)
        ringing.answer()
        assert await call.wait_answered()
        assert len(world.media.hears) == 2
        await trio.sleep(60)
        call.hang_up()
        await call.ended.wait()
        await ringing.ended.wait()
        assert (call.ended_by, ringing.ended_by) == ("us", "them")
        cdr = await only_cdr(world)
        assert cdr.disposition == "answered"
        assert (cdr.from_number, cdr.to_number, cdr.ended_by) == ("101", "102", "caller")
        assert (cdr.ringing_at, cdr.answered_at, cdr.ended_at) == (EPOCH, EPOCH + 4, EPOCH + 64)
        assert cdr.talk_s == 60
        assert [leg.party for leg in cdr.legs] == ["101", "102"]
        assert [step.outcome for step in cdr.path] == ["extension", "ring", "answered"]
        assert world.server.endpoint.stack.stats().retransmissions_sent == 0


async def test_the_callee_hangs_up(autojump_clock):
    async with open_world() as world:
        call, incoming = await connected(world)
        incoming.hang_up()
        await call.ended.wait()
        assert call.ended_by == "them"
        cdr = await only_cdr(world)
        assert (cdr.disposition, cdr.ended_by) == ("answered", "callee")


async def test_both_hang_up_at_once(autojump_clock):
    async with open_world(delay_s=0.05) as world:
        call, incoming = await connected(world)
        call.hang_up()
        incoming.hang_up()
        await call.ended.wait()
        await incoming.ended.wait()
        assert (await only_cdr(world)).disposition == "answered"


async def test_a_busy_phone_is_busy_to_the_caller(autojump_clock):
    async with open_world() as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        (await bob.incoming.receive()).refuse(486)
        assert not await call.wait_answered()
        assert call.status == 486
        cdr = await only_cdr(world)
        assert (cdr.disposition, cdr.sip_status) == ("busy", 486)


async def test_a_declined_call_is_declined_to_the_caller(autojump_clock):
    async with open_world() as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        (await bob.incoming.receive()).refuse(603)
        assert not await call.wait_answered()
        assert call.status == 603
        assert (await only_cdr(world)).disposition == "declined"


async def test_the_caller_gives_up_and_the_callee_stops_ringing(autojump_clock):
    async with open_world() as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        ringing = await bob.incoming.receive()
        ringing.ring()
        await call.ringing.wait()
        await trio.sleep(3)
        call.cancel()
        await call.ended.wait()
        await ringing.ended.wait()
        assert (call.status, call.ended_by, ringing.ended_by) == (487, "cancelled", "cancelled")
        cdr = await only_cdr(world)
        assert (cdr.disposition, cdr.ended_by, cdr.sip_status) == ("cancelled", "caller", 487)
        assert cdr.ended_at == EPOCH + 3


async def test_nobody_answers_for_30_seconds(autojump_clock):
    async with open_world() as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        ringing = await bob.incoming.receive()
        ringing.ring()
        await call.ended.wait()
        assert trio.current_time() == 30
        assert call.status == 480
        assert ringing.ended_by == "cancelled"
        cdr = await only_cdr(world)
        assert (cdr.disposition, cdr.sip_status) == ("no-answer", 480)


async def test_an_invite_that_nothing_answers_is_given_up_after_32_seconds(autojump_clock):
    async with open_world() as world:
        alice = await world.phone("101")
        world.network.remove(world.server.endpoint.local)
        call = alice.dial("102")
        await call.ended.wait()
        assert trio.current_time() == 32
        assert (call.status, call.ended_by) == (408, "lost")
        assert [line for line in world.network.start_lines() if line.startswith("INVITE")] == [
            "INVITE sip:102@acme.example SIP/2.0"
        ] * 7


async def test_a_phone_that_vanished_is_no_answer_and_its_port_comes_back(autojump_clock):
    async with open_world() as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        world.network.remove(bob.endpoint.local)
        call = alice.dial("102")
        await call.ended.wait()
        assert call.status == 480
        assert (await only_cdr(world)).disposition == "unavailable"


async def test_a_number_that_is_not_in_the_plan_is_404(autojump_clock):
    async with open_world() as world:
        alice = await world.phone("101")
        call = alice.dial("999")
        await call.ended.wait()
        assert call.status == 404
        cdr = await only_cdr(world)
        assert (cdr.disposition, cdr.sip_status) == ("failed", 404)
        assert cdr.path[0].reason == "no number or pattern matches '999'"


async def test_an_extension_without_a_phone_is_480(autojump_clock):
    async with open_world() as world:
        alice = await world.phone("101")
        call = alice.dial("103")
        await call.ended.wait()
        assert call.status == 480
        assert (await only_cdr(world)).disposition == "unavailable"


async def test_no_common_codec_is_488_before_anything_rings(autojump_clock):
    async with open_world() as world:
        alice = await world.phone("101", codecs=(sdp.Codec("G729", 8000, payload_type=18),))
        await world.phone("102")
        call = alice.dial("102")
        await call.ended.wait()
        assert call.status == 488
        assert "G729" in call.reason
        assert not any(line.startswith("INVITE sip:102@198") for line in world.network.start_lines())
        await world.settle()
        world.assert_nothing_left()


@pytest.mark.parametrize(
    ("callers", "callees", "agreed"),
    [
        ((sdp.OPUS, sdp.PCMU), (sdp.PCMU,), ("PCMU", "PCMU")),
        ((sdp.PCMA, sdp.G722), (sdp.OPUS, sdp.G722, sdp.PCMA), ("PCMA", "PCMA")),
        ((sdp.G722,), (sdp.OPUS, sdp.PCMU, sdp.G722), ("G722", "G722")),
        ((sdp.OPUS,), (sdp.PCMA,), ("opus", "PCMA")),
    ],
)
async def test_phones_that_share_a_codec_are_given_it_so_that_nothing_is_transcoded(
    autojump_clock, callers, callees, agreed
):
    async with open_world() as world:
        alice = await world.phone("101", codecs=callers)
        bob = await world.phone("102", codecs=callees)
        call, incoming = await connect(alice, bob)
        assert (call.agreed.codecs[0].name, incoming.agreed.codecs[0].name) == agreed
        call.hang_up()
        await only_cdr(world)


async def test_phones_with_different_codecs_are_both_answered_in_their_own(autojump_clock):
    async with open_world() as world:
        alice = await world.phone("101", codecs=(sdp.PCMU,))
        bob = await world.phone("102", codecs=(sdp.PCMA,))
        call, incoming = await connect(alice, bob)
        assert call.agreed.codecs[0].name == "PCMU"
        assert incoming.agreed.codecs[0].name == "PCMA"
        call.hang_up()
        await only_cdr(world)


async def test_equal_codecs_are_preferred_so_that_nothing_is_transcoded(autojump_clock):
    async with open_world() as world:
        alice = await world.phone("101", codecs=(sdp.PCMU, sdp.PCMA))
        bob = await world.phone("102", codecs=(sdp.PCMA,))
        call, incoming = await connect(alice, bob)
        assert call.agreed.codecs[0].name == incoming.agreed.codecs[0].name == "PCMA"
        call.hang_up()
        await only_cdr(world)


async def test_early_media_reaches_the_caller_before_the_answer(autojump_clock):
    async with open_world() as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        ringing = await bob.incoming.receive()
        ringing.ring(status=183, with_audio=True)
        await call.ringing.wait()
        assert call.provisional == [100, 183] or call.provisional == [183]
        assert call.agreed is not None
        assert len(world.media.hears) == 2
        early = call.agreed
        ringing.answer()
        assert await call.wait_answered()
        assert call.agreed == early
        call.hang_up()
        await only_cdr(world)


async def test_hold_and_resume_change_the_direction_and_nothing_else(autojump_clock):
    async with open_world() as world:
        call, _ = await connected(world)
        await trio.sleep(10)
        call.hold()
        await trio.sleep(5)
        assert call.agreed.direction is sdp.Direction.SENDONLY
        leg = world.server.calls.live()[0].id
        state = next(c for c in world.server.calls if c.state.id == leg).state
        assert state.caller.is_held
        assert state.caller.stream.direction == "recvonly"
        call.resume()
        await trio.sleep(5)
        assert call.agreed.direction is sdp.Direction.SENDRECV
        assert not state.caller.is_held
        call.hang_up()
        cdr = await only_cdr(world)
        assert isclose(cdr.legs[0].held_s, 5)


async def test_all_phones_of_an_extension_ring_and_the_first_to_answer_has_the_call(autojump_clock):
    async with open_world() as world:
        alice = await world.phone("101")
        desk, mobile = await world.phone("102"), await world.phone("102")
        call = alice.dial("102")
        on_desk, on_mobile = await desk.incoming.receive(), await mobile.incoming.receive()
        on_desk.ring()
        on_mobile.ring()
        await call.ringing.wait()
        assert [status for status in call.provisional if status == 180] == [180]
        on_mobile.answer()
        assert await call.wait_answered()
        await on_desk.ended.wait()
        assert on_desk.ended_by == "cancelled"
        call.hang_up()
        await on_mobile.ended.wait()
        cdr = await only_cdr(world)
        assert [leg.status for leg in cdr.legs] == [None, 487, None]


async def test_a_phone_that_answers_as_it_is_cancelled_is_hung_up_on(autojump_clock):
    async with open_world(delay_s=0.1) as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        ringing = await bob.incoming.receive()
        ringing.ring()
        await call.ringing.wait()
        call.cancel()
        await trio.sleep(0.15)
        ringing.answer()
        await ringing.ended.wait()
        await call.ended.wait()
        assert (call.status, ringing.ended_by) == (487, "them")
        assert (await only_cdr(world)).disposition == "cancelled"


async def test_echo_answers_and_the_caller_hears_themselves(autojump_clock):
    async with open_world() as world:
        alice = await world.phone("101")
        call = alice.dial("600")
        assert await call.wait_answered()
        assert len(world.media.hears) == 1
        assert all(a == b for a, b in world.media.hears.items())
        await trio.sleep(2)
        call.hang_up()
        await call.ended.wait()
        cdr = await only_cdr(world)
        assert (cdr.disposition, cdr.talk_s) == ("answered", 2)


async def test_the_domain_decides_between_equal_numbers_of_two_tenants(autojump_clock):
    async with open_world(make_tenant("acme"), make_tenant("bolt")) as world:
        await world.phone("102")
        theirs = await world.phone("102", tenant="bolt")
        caller = await world.phone("101", tenant="bolt")
        call, _ = await connect(caller, theirs)
        call.hang_up()
        assert await world.cdrs("acme") == []
        (cdr,) = await world.cdrs("bolt")
        assert cdr.scope.tenant == "bolt"


async def test_a_request_to_the_bare_address_is_for_the_default_tenant(autojump_clock):
    async with open_world(make_tenant("acme"), make_tenant("bolt")) as world:
        ours, theirs = await world.phone("102"), await world.phone("102", tenant="bolt")
        alice = await world.phone("101")
        call = PhoneCall(alice, remote_number="102", is_outgoing=True)
        call.dial(f"sip:102@{world.server.endpoint.local[0]}")
        incoming = await ours.incoming.receive()
        incoming.answer()
        assert await call.wait_answered()
        assert not theirs.calls
        call.hang_up()
        await call.ended.wait()


async def test_an_unknown_domain_is_404(autojump_clock):
    async with open_world() as world:
        alice = await world.phone("101")
        call = PhoneCall(alice, remote_number="102", is_outgoing=True)
        call.dial("sip:102@elsewhere.example")
        await call.ended.wait()
        assert call.status == 404


async def test_a_wrong_password_registers_nothing(autojump_clock):
    async with open_world(make_tenant("acme", numbers=("101",)), make_tenant("bolt")) as world:
        stranger = await world.phone("104", register=False)
        with pytest.raises(Refused) as refused:
            await stranger.register()
        assert refused.value.status == 403
        assert world.server.registrar.stats().bindings == 0


async def test_a_call_past_the_limit_is_503_with_retry_after(autojump_clock):
    async with open_world(limits=Limits(calls_max=1)) as world:
        await connected(world)
        late = await world.phone("103")
        call = late.dial("102")
        await call.ended.wait()
        assert call.status == 503
        assert b"Retry-After: " in next(s.data for s in world.network.ladder if s.start_line.startswith("SIP/2.0 503"))


async def test_a_flood_of_calls_is_503_and_never_silence(autojump_clock):
    async with open_world(limits=Limits(calls_per_s=5)) as world:
        alice = await world.phone("101")
        calls = [alice.dial("999") for _ in range(16)]
        for call in calls:
            await call.ended.wait()
        assert {call.status for call in calls} <= {404, 503, 500}
        assert any(call.status == 503 for call in calls)


async def test_when_the_server_stops_both_phones_hear_a_goodbye(autojump_clock):
    async with open_world() as world:
        call, incoming = await connected(world)
        await trio.sleep(7)
        await world.stop()
        await call.ended.wait()
        await incoming.ended.wait()
        assert (call.ended_by, incoming.ended_by) == ("them", "them")
        await world.start()
        (cdr,) = await world.cdrs()
        assert (cdr.disposition, cdr.ended_by, cdr.talk_s) == ("answered", "system", 7)


async def test_a_caller_that_never_acknowledges_is_hung_up_on(autojump_clock):
    async with open_world() as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        incoming = await bob.incoming.receive()
        world.network.drop_from(alice.endpoint.local, b"ACK ")
        incoming.answer()
        await incoming.ended.wait()
        assert 32 <= trio.current_time() <= 33
        assert call.ended.is_set()
        cdr = await only_cdr(world)
        assert cdr.reason == "the caller never acknowledged our answer"
        assert wall() > cdr.ended_at


async def test_a_tenant_with_md5_digests_alone_is_challenged_with_md5_alone(autojump_clock):
    tenant = make_tenant("acme")
    old = {n: replace(e, ha1={"MD5": e.ha1["MD5"]}) for n, e in tenant.extensions.items()}
    async with open_world(replace(tenant, extensions=old)) as world:
        await world.phone("101")
        challenge = next(s.data for s in world.network.ladder if s.start_line.startswith("SIP/2.0 401"))
        assert challenge.count(b"WWW-Authenticate") == 1
        assert b"algorithm=MD5" in challenge
