"""What the web process asks of the mailboxes over the Bus, and what it is told where that cannot be done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from pbx.apps.voicemail import commands as module
from pbx.apps.voicemail.commands import VoicemailCommands
from pbx.apps.voicemail.mailboxes import Mailboxes
from pbx.blobs.interface import BlobUnavailable
from pbx.blobs.local import LocalBlobs
from pbx.bus.interface import PAYLOAD_MAX_BYTES, CommandFailed
from pbx.bus.memory import MemoryBus
from pbx.events.voicemail_message import Message
from pbx.tenants.scope import TenantScope

SCOPE, STRANGER = TenantScope("acme"), TenantScope("umbrella")


class Asked:
    """A Bus whose other end answers for two mailboxes of one tenant."""

    def __init__(self, bus: MemoryBus, mailboxes: Mailboxes) -> None:
        self.bus = bus
        self.mailboxes = mailboxes

    async def ask(self, verb: str, *, scope: TenantScope = SCOPE, **payload: Any) -> Any:
        answer = await self.bus.request(scope, f"voicemail.{verb}", msgspec.json.encode(payload), timeout_s=60)
        return msgspec.json.decode(answer)

    async def ids(self, **payload: Any) -> list[str]:
        return [message["id"] for message in await self.ask("list", **payload)]


@asynccontextmanager
async def asked(folder) -> AsyncIterator[Asked]:
    bus, mailboxes = MemoryBus(), Mailboxes(LocalBlobs(folder, inline=True))
    async with VoicemailCommands(mailboxes, lambda scope: ("101", "102") if scope == SCOPE else ()).answering(bus):
        yield Asked(bus, mailboxes)


def message(number: int, box: str, *, name: str = "Ada") -> Message:
    return Message(f"{number:013d}-t{number}", box, "103", name, float(number), 5.0, False)


async def test_all_boxes_are_listed_the_newest_message_first(autojump_clock, tmp_path):
    async with asked(tmp_path) as there:
        assert await there.ids() == []
        for number, box in enumerate(("101", "102", "101")):
            await there.mailboxes.deliver(SCOPE, message(number, box), b"RIFF")
        assert [each[-1] for each in await there.ids()] == ["2", "1", "0"]
        assert [each[-1] for each in await there.ids(box="101")] == ["2", "0"]
        assert await there.ids(scope=STRANGER) == []


async def test_an_empty_payload_asks_for_all(autojump_clock, tmp_path):
    async with asked(tmp_path) as there:
        assert await there.bus.request(SCOPE, "voicemail.list", timeout_s=5) == b"[]"


async def test_the_longest_list_fits_into_an_answer(autojump_clock, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LIST_MAX", 10)
    async with asked(tmp_path) as there:
        for number in range(12):
            await there.mailboxes.deliver(SCOPE, message(number, "101", name="\N{PILE OF POO}" * 80), b"RIFF")
        answer = await there.bus.request(SCOPE, "voicemail.list", timeout_s=5)
        assert len(msgspec.json.decode(answer)) == 10
        assert len(answer) * 100 < PAYLOAD_MAX_BYTES  # of a thousand


async def test_a_message_is_marked_and_answered_as_it_is_then(autojump_clock, tmp_path):
    async with asked(tmp_path) as there:
        await there.mailboxes.deliver(SCOPE, message(1, "101"), b"RIFF")
        answer = await there.ask("mark", box="101", id=message(1, "101").id, heard=True)
        assert msgspec.convert(answer, Message).heard
        assert there.mailboxes.counts(SCOPE, "101") == (0, 1)


async def test_a_message_can_be_deleted_twice(autojump_clock, tmp_path):
    async with asked(tmp_path) as there:
        await there.mailboxes.deliver(SCOPE, message(1, "101"), b"RIFF")
        for _ in range(2):
            assert await there.ask("delete", box="101", id=message(1, "101").id) == {}
        assert await there.ids() == []


@pytest.mark.parametrize(
    ("verb", "payload", "why"),
    [
        ("mark", {"box": "101", "id": "none", "heard": True}, "box 101 has no message 'none'"),
        ("mark", {"box": "199", "id": "none", "heard": True}, "there is no mailbox '199'"),
        ("list", {"box": "../101"}, "there is no mailbox '../101'"),
        ("delete", {"box": "101/..", "id": "x"}, "there is no mailbox '101/..'"),
        ("delete", {"box": "101"}, "the payload is not as it should be"),
        ("mark", {"box": "101", "id": 7, "heard": 1}, "the payload is not as it should be"),
    ],
)
async def test_what_cannot_be_done_fails_with_the_reason(autojump_clock, tmp_path, verb, payload, why):
    async with asked(tmp_path) as there:
        with pytest.raises(CommandFailed) as caught:
            await there.ask(verb, **payload)
        assert str(caught.value).startswith(why)


async def test_another_tenants_mailbox_is_none(autojump_clock, tmp_path):
    async with asked(tmp_path) as there:
        await there.mailboxes.deliver(SCOPE, message(1, "101"), b"RIFF")
        with pytest.raises(CommandFailed, match="there is no mailbox '101'"):
            await there.ask("delete", scope=STRANGER, box="101", id=message(1, "101").id)


async def test_blobs_out_of_reach_are_said_to_be(autojump_clock, tmp_path, monkeypatch):
    async with asked(tmp_path) as there:

        async def fail(*_: object, **__: object) -> None:
            raise BlobUnavailable("disk full")

        monkeypatch.setattr(there.mailboxes._blobs, "list", fail)
        with pytest.raises(CommandFailed, match="the mailboxes are out of reach: disk full"):
            await there.ask("list")
