"""Waiting messages over the wire, in virtual time: what phones are told, when, and what their answers change."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from pbx.events.message_counts import MessageCounts
from pbx.registrar.message_waiting import MessageWaiting
from pbx.tenants.scope import TenantScope
from pbx.testphone.phone import Phone
from tests.support.world import World, make_tenant, open_world, wall

pytestmark = pytest.mark.usefixtures("weather")

ACME, GLOBEX = TenantScope("acme"), TenantScope("globex")
LONGEST_S = 33  # a NOTIFY that nobody answers is over after 64 T1 (Timer F)


class Mailboxes:
    """Counts that a test sets, and the NOTIFYs that come of it."""

    def __init__(self, world: World) -> None:
        server = world.server
        assert server is not None, "the world has its PBX up"
        self.counts: dict[tuple[TenantScope, str], MessageCounts] = {}
        self.waiting = MessageWaiting(
            server.endpoint,
            server.registrar,
            lambda scope, extension: self.counts.get((scope, extension)),
            tenants=lambda: server.tenants,
            wall=wall,
            token=world.token,
            account_number=lambda tenant, extension: "*97",
        )
        server.registrar_edge.observers.append(self.waiting.registered)

    def set(self, extension: str, new: int, old: int = 0, *, scope: TenantScope = ACME) -> None:
        """As when a message is left, heard or deleted."""
        self.counts[scope, extension] = MessageCounts(new, old)
        self.waiting.changed(scope, extension)


@asynccontextmanager
async def open_mailboxes(*names: str, loss: float = 0.0, seed: int = 1) -> AsyncIterator[tuple[World, Mailboxes]]:
    async with open_world(*map(make_tenant, names or ("acme",)), loss=loss, seed=seed, delay_s=0.02) as world:
        mailboxes = Mailboxes(world)
        world.nursery.start_soon(mailboxes.waiting.run)
        yield world, mailboxes


def lamps(phone: Phone) -> list[str]:
    """Each `Voice-Message` that the phone was told."""
    return [request.body.decode().splitlines()[2] for request in phone.notified]


async def test_a_phone_hears_of_its_messages_as_it_registers_and_as_they_change(autojump_clock):
    async with open_mailboxes() as (world, mailboxes):
        mailboxes.set("101", 0, 0)
        alice = await world.phone("101")
        await trio.sleep(1)
        mailboxes.set("101", 1)
        await trio.sleep(1)
        mailboxes.set("101", 0, 1)
        await trio.sleep(1)
        assert lamps(alice) == ["Voice-Message: 0/0 (0/0)", "Voice-Message: 1/0 (0/0)", "Voice-Message: 0/1 (0/0)"]
        (_, lit, _) = alice.notified
        assert lit.uri == alice.contact.strip("<>")
        assert lit.body.startswith(b"Messages-Waiting: yes\r\nMessage-Account: sip:*97@acme.example\r\n")
        await world.settle()
        world.assert_nothing_left()


async def test_the_notify_follows_the_200_that_confirms_the_registration(autojump_clock):
    async with open_mailboxes() as (world, mailboxes):
        mailboxes.set("101", 1)
        await world.phone("101")
        await trio.sleep(1)
        lines = [sent.start_line for sent in world.network.ladder]
        assert lines[-3] == "SIP/2.0 200 OK"
        assert lines[-2].startswith("NOTIFY sip:101@")


async def test_all_phones_of_the_extension_hear_of_it_and_nobody_else(autojump_clock):
    async with open_mailboxes("acme", "globex") as (world, mailboxes):
        desk, mobile = await world.phone("101"), await world.phone("101")
        bob, stranger = await world.phone("102"), await world.phone("101", tenant="globex")
        mailboxes.set("101", 3)
        await trio.sleep(1)
        assert lamps(desk) == lamps(mobile) == ["Voice-Message: 3/0 (0/0)"]
        assert not bob.notified
        assert not stranger.notified
        mailboxes.set("101", 5, scope=GLOBEX)
        await trio.sleep(1)
        assert lamps(stranger) == ["Voice-Message: 5/0 (0/0)"]
        assert len(desk.notified) == 1


async def test_on_a_lossy_network_the_lamp_still_ends_with_the_newest_counts(autojump_clock):
    async with open_mailboxes(loss=0.3, seed=7) as (world, mailboxes):
        alice = await world.phone("101")
        for new in range(1, 21):
            mailboxes.set("101", new)
            await trio.sleep(0.3)
        await trio.sleep(LONGEST_S)
        told = [int(lamp.split()[1].partition("/")[0]) for lamp in lamps(alice)]
        assert told == sorted(told)
        assert told[-1] == 20


async def test_a_phone_that_refuses_is_not_asked_again(autojump_clock):
    async with open_mailboxes() as (world, mailboxes):
        alice = await world.phone("101")
        alice.notify_status = 489
        for new in (1, 2, 3):
            mailboxes.set("101", new)
            await trio.sleep(1)
        await alice.register()
        await trio.sleep(1)
        assert len(alice.notified) == 1
        assert mailboxes.waiting.stats().refused == 1


async def test_a_phone_that_vanished_is_told_when_it_is_back(autojump_clock):
    async with open_mailboxes() as (world, mailboxes):
        alice = await world.phone("101")
        world.network.loss = 1.0
        mailboxes.set("101", 1)
        await trio.sleep(LONGEST_S)
        mailboxes.set("101", 2)
        await trio.sleep(LONGEST_S)
        assert mailboxes.waiting.stats().not_answered == 1
        assert not alice.notified
        world.network.loss = 0.0
        await alice.register()
        await trio.sleep(1)
        assert lamps(alice) == ["Voice-Message: 2/0 (0/0)"]


async def test_a_phone_that_unregisters_hears_no_more(autojump_clock):
    async with open_mailboxes() as (world, mailboxes):
        alice = await world.phone("101")
        mailboxes.set("101", 1)
        await trio.sleep(1)
        await alice.register(expires_s=0)
        mailboxes.set("101", 2)
        await trio.sleep(1)
        assert lamps(alice) == ["Voice-Message: 1/0 (0/0)"]
        assert mailboxes.waiting.stats().contacts == 0
