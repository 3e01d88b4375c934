"""Odd tenants, odd numbers, odd networks: a call is a call, or is refused in so many words."""

import pytest
import trio
from msgspec.structs import replace
from structlog.testing import capture_logs

from pbx.call.wire_text import SHOWN_MAX
from pbx.routing.plan import Plan
from pbx.testphone.phone_call import PhoneCall
from tests.support.bare_phone import BarePhone, offer_text
from tests.support.world import NUMBERS, World, make_tenant, open_world

pytestmark = pytest.mark.usefixtures("weather")


def no_errors(logs) -> bool:
    return not [entry for entry in logs if entry["log_level"] == "error"]


async def test_a_tenant_without_domains_calls_by_the_bare_address(autojump_clock):
    tenant = replace(make_tenant("acme"), domains=())
    with capture_logs() as logs:
        async with open_world(tenant) as world:
            alice, bob = await world.phone("101", register=False), BarePhone(world, "102")
            call = PhoneCall(alice, remote_number="102", is_outgoing=True)
            call.dial(f"sip:102@{world.server.endpoint.local[0]}")
            incoming = await bob.request("INVITE")
            assert incoming.request.from_.sip_uri.host == "192.0.2.10"
            bob.respond(incoming, 486)
            await call.ended.wait()
            assert call.status == 486
    assert no_errors(logs)


@pytest.mark.parametrize("name", ['Bob "The Ear" \\', "Zażółć; <sip:x>", "a, b", ""])
async def test_any_name_of_an_extension_comes_through(autojump_clock, name):
    tenant = make_tenant("acme")
    extensions = {**tenant.extensions, "101": replace(tenant.extensions["101"], name=name)}
    async with open_world(replace(tenant, extensions=extensions)) as world:
        alice, bob = await world.phone("101"), BarePhone(world, "102")
        call = alice.dial("102")
        incoming = await bob.request("INVITE")
        assert (incoming.request.from_.display, incoming.request.from_.sip_uri.user) == (name, "101")
        bob.respond(incoming, 486)
        await call.ended.wait()


@pytest.mark.parametrize(
    "user",
    [
        "9" * 4000,
        "%0D%0AEvil:%20x",
        "%00",
        "[/bold]",
        "%E2%80%AE102",
        "102;phone-context=x",
        "%FF%FE",
        "+*%23",
        "1%30x",
    ],
)
async def test_any_number_is_refused_in_words_and_recorded_readably(autojump_clock, user):
    with capture_logs() as logs:
        async with open_world() as world:
            alice = await world.phone("101")
            call = PhoneCall(alice, remote_number=user, is_outgoing=True)
            call.dial(f"sip:{user}@acme.example")
            await call.ended.wait()
            assert call.status == 404
            cdr = await world.only_cdr()
            assert cdr.to_number.isprintable()
            assert len(cdr.to_number) <= SHOWN_MAX
    assert no_errors(logs)


async def test_a_number_may_be_spelled_with_escapes(autojump_clock):
    plan = Plan(numbers={**NUMBERS, "#100": "echo"}, extensions={"101": None})
    async with open_world(make_tenant("acme", plan=plan)) as world:
        alice = await world.phone("101")
        call = PhoneCall(alice, remote_number="#100", is_outgoing=True)
        call.dial("sip:%23100@acme.example")
        assert await call.wait_answered()
        call.hang_up()
        await call.ended.wait()


async def test_an_invite_to_nobody_is_404(autojump_clock):
    async with open_world() as world:
        alice = await world.phone("101")
        call = PhoneCall(alice, remote_number="", is_outgoing=True)
        call.dial("sip:acme.example")
        await call.ended.wait()
        assert call.status == 404


@pytest.mark.parametrize(
    ("line", "by"),
    [
        (b"c=IN IP4 198.51.100.200", b"c=IN IP4 phone.example"),
        (b"m=audio 4000 RTP/AVP", b"m=audio 4000 RTP/SAVP"),
        (b"c=IN IP4 198.51.100.200", b"c=IN IP4 224.2.1.1/127"),
    ],
    ids=["a host name", "another protocol", "multicast"],
)
async def test_an_offer_that_cannot_be_met_rings_nobodys_phone(autojump_clock, line, by):
    async with open_world() as world:
        alice, bob = BarePhone(world, "101"), await world.phone("102")
        assert line in offer_text()
        await alice.dial("102", body=offer_text().replace(line, by))
        assert (await alice.final()).status in (400, 488)
        assert not bob.calls
        await world.settle()
        world.assert_nothing_left()


async def test_rtcp_at_a_host_name_is_not_followed(autojump_clock):
    async with open_world() as world:
        alice, bob = BarePhone(world, "101"), await world.phone("102")
        await alice.dial("102", body=offer_text().replace(b"a=rtcp-mux", b"a=rtcp:4001 IN IP4 evil.example"))
        (await bob.incoming.receive()).answer()
        assert (await alice.final()).status == 200
        (call,) = world.server.calls
        assert call.state.caller.stream.remote_rtcp is None


async def test_a_body_that_is_no_sdp_and_that_we_may_ignore_is_no_offer(autojump_clock):
    async with open_world() as world:
        alice, bob = BarePhone(world, "101"), await world.phone("102")
        alice.extra_headers.append(("Content-Disposition", "render;handling=optional"))
        await alice.dial("102", body=b"\x89PNG", content_type="image/png")
        (await bob.incoming.receive()).answer()
        assert b"m=audio" in (await alice.final()).body


async def test_phones_call_each_other_over_ipv6(autojump_clock):
    async with open_world(is_ipv6=True) as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        incoming = await bob.incoming.receive()
        incoming.ring(status=183, with_audio=True)
        incoming.answer()
        assert await call.wait_answered()
        assert call.agreed.remote_address == incoming.agreed.remote_address == "2001:db8::10"
        call.hold()
        await call.renegotiated(is_holding=True)
        incoming.hang_up()
        await call.ended.wait()
        assert (await world.only_cdr()).disposition == "answered"


async def test_a_mistake_of_ours_in_one_request_costs_the_others_nothing(autojump_clock, monkeypatch):
    with capture_logs() as logs:
        async with open_world() as world:
            alice, bob = await world.phone("101"), await world.phone("102")
            break_next_request(world, monkeypatch)
            stranger = BarePhone(world, "103")
            with trio.move_on_after(40):
                await stranger.dial("102")
            call = alice.dial("102")
            (await bob.incoming.receive()).answer()
            assert await call.wait_answered()
    assert any(entry["log_level"] == "error" for entry in logs)


def break_next_request(world: World, monkeypatch) -> None:
    """The endpoint's user raises what it never should, once."""
    endpoint = world.server.endpoint
    real = endpoint._on_request

    def broken(event):
        monkeypatch.undo()
        raise RuntimeError("a mistake")

    assert real is not None
    monkeypatch.setattr(endpoint, "_on_request", broken)


async def test_a_phone_whose_answer_leads_nowhere_is_acknowledged_and_hung_up_on(autojump_clock, monkeypatch):
    async def broken(call: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("pbx.call.decision.inbound.connect", broken)
    with capture_logs():
        async with open_world() as world:
            alice, bob = await world.phone("101"), await world.phone("102")
            alice.dial("102")
            incoming = await bob.incoming.receive()
            incoming.answer()
            await incoming.ended.wait()
            assert incoming.acknowledged.is_set()
            await world.only_cdr()
