"""What another process is answered and told over the Bus, while whole calls go on under the virtual clock.

These tests are about the signals themselves, which may be lost and doubled in bad weather: here it is always fair. What
whoever looks again finds in any weather is asserted with every application's calls, in `tests/support/bad_weather.py`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import msgspec
import pytest
import trio

from pbx import control
from pbx.announcer import PAUSE_S
from pbx.bus.interface import EVERY_TENANT, Bus, CommandFailed, Signal
from pbx.events.live_call import LiveCall
from pbx.events.live_registration import LiveRegistration
from pbx.events.voicemail_message import Message
from pbx.tenants.scope import TenantScope
from tests.support.voicemail_world import BOX, SCOPE, open_voicemail_world
from tests.support.world import EPOCH, World, make_tenant, open_world

ASK_S = 3.0


@dataclass
class Listener:
    """Another process: what it heard, and what it asks."""

    bus: Bus
    heard: list[Signal] = field(default_factory=list)

    async def ask(self, scope: TenantScope, command: str, kind: Any, **payload: object) -> Any:
        answer = await self.bus.request(scope, command, msgspec.json.encode(payload), timeout_s=ASK_S)
        return msgspec.json.decode(answer, type=kind)

    def said(self, subject: str) -> list[dict[str, Any]]:
        return [msgspec.json.decode(signal.payload) for signal in self.heard if signal.subject == subject]


@asynccontextmanager
async def listening(world: World) -> AsyncIterator[Listener]:
    """From now on, to all tenants."""
    assert world.server is not None
    async with control.open_bus(world.server) as bus, trio.open_nursery() as nursery:
        listener = Listener(bus)

        async def listen(*, task_status: trio.TaskStatus[None]) -> None:
            async with bus.subscribe(TenantScope(EVERY_TENANT), ">") as signals:
                task_status.started()
                async for signal in signals:
                    listener.heard.append(signal)

        await nursery.start(listen)
        nursery.start_soon(world.server.announcer.run, bus)
        yield listener
        nursery.cancel_scope.cancel()


async def test_a_call_is_told_of_from_its_beginning_to_its_end_and_then_its_record(autojump_clock):
    async with open_world() as world, listening(world) as listener:
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        incoming = await bob.incoming.receive()
        incoming.ring()
        await call.ringing.wait()
        await trio.sleep(1)
        incoming.answer()
        assert await call.wait_answered()
        await trio.sleep(1)
        (live,) = await listener.ask(SCOPE, "calls.list", list[LiveCall])
        assert (live.phase, live.parties, live.to_number) == ("talking", ("102",), "102")
        call.hang_up()
        await call.ended.wait()
        (cdr,) = await world.cdrs()
        await trio.sleep(1)
        told = [each["phase"] for each in listener.said("calls.changed") if each["phase"] != "routing"]
        assert [phase for phase, _ in groupby(told)] == ["ringing", "talking", "ended"]
        assert listener.said("cdrs.added") == [{"id": cdr.id}]
        assert {signal.scope for signal in listener.heard} == {SCOPE}
        assert await listener.ask(SCOPE, "calls.list", list[LiveCall]) == []


async def test_a_phone_is_told_of_when_it_comes_and_when_its_time_runs_out(autojump_clock):
    async with open_world() as world, listening(world) as listener:
        phone = await world.phone("101", register=False)
        assert await listener.ask(SCOPE, "registrations.list", list[LiveRegistration]) == []
        await phone.register(expires_s=120)
        await trio.sleep(0.1)
        assert listener.said("registrations.changed") == [{"extension": "101"}]
        (live,) = await listener.ask(SCOPE, "registrations.list", list[LiveRegistration])
        assert (live.extension, live.name) == ("101", "Phone 101")
        assert live.source.startswith("198.51.100.")
        assert live.expires_at - live.registered_at == 120
        assert EPOCH <= live.registered_at <= EPOCH + 1
        await trio.sleep(200)
        assert listener.said("registrations.changed") == [{"extension": "101"}] * 2
        assert await listener.ask(SCOPE, "registrations.list", list[LiveRegistration]) == []


async def test_registrations_come_by_pages_that_leave_nobody_out(autojump_clock, monkeypatch):
    monkeypatch.setattr(control, "REGISTRATIONS_PAGE", 2)
    numbers = ("101", "102", "103", "104", "105")
    async with open_world(make_tenant("acme", numbers=numbers)) as world, listening(world) as listener:
        for number in numbers:
            await world.phone(number)
        pages, after = [], ""
        while page := await listener.ask(SCOPE, "registrations.list", list[LiveRegistration], after=after):
            pages.append([each.extension for each in page])
            after = page[-1].extension
        assert pages == [["101", "102"], ["103", "104"], ["105"]]


async def test_one_tenant_is_not_told_of_anothers_phones_calls_and_messages(autojump_clock):
    async with open_world(make_tenant("acme"), make_tenant("herons")) as world, listening(world) as listener:
        alice = await world.phone("101", tenant="herons")
        call = alice.dial("600")
        assert await call.wait_answered()
        assert await listener.ask(SCOPE, "calls.list", list[LiveCall]) == []
        assert await listener.ask(SCOPE, "registrations.list", list[LiveRegistration]) == []
        assert len(await listener.ask(TenantScope("herons"), "calls.list", list[LiveCall])) == 1
        assert await listener.ask(TenantScope("nobody"), "voicemail.list", list[Message]) == []
        call.hang_up()
        await call.ended.wait()


# -- voicemail ---------------------------------------------------------------------------------------------------------


def message(message_id: str, box: str = BOX) -> Message:
    return Message(message_id, box, "101", "Ada", EPOCH, 3.0, heard=False)


async def test_messages_are_listed_marked_and_deleted_and_each_change_is_told_of(autojump_clock):
    async with open_voicemail_world() as world, listening(world) as listener:
        mailboxes = world.server.voicemail.mailboxes
        for each in (message("1"), message("2"), message("3", "103")):
            await mailboxes.deliver(SCOPE, each, b"RIFF")
        found = await listener.ask(SCOPE, "voicemail.list", list[Message])
        assert [each.id for each in found] == ["3", "2", "1"]
        found = await listener.ask(SCOPE, "voicemail.list", list[Message], box=BOX)
        assert [each.id for each in found] == ["2", "1"]
        marked = await listener.ask(SCOPE, "voicemail.mark", Message, box=BOX, id="1", heard=True)
        assert (marked.id, marked.heard) == ("1", True)
        for _ in range(2):  # whoever heard no answer asks again
            assert await listener.ask(SCOPE, "voicemail.delete", dict, box=BOX, id="2") == {}
        assert [each.id for each in await listener.ask(SCOPE, "voicemail.list", list[Message], box=BOX)] == ["1"]
        await trio.sleep(2 * PAUSE_S)
        assert listener.said("voicemail.changed")[-1] == {"box": BOX, "new": 0, "old": 1}


async def test_marking_a_message_that_is_not_there_is_refused_in_words(autojump_clock):
    async with open_voicemail_world() as world, listening(world) as listener:
        with pytest.raises(CommandFailed, match="box 102 has no message '9'"):
            await listener.ask(SCOPE, "voicemail.mark", Message, box=BOX, id="9", heard=True)
