"""What other processes can ask of the mailboxes, over the Bus.

| command            | payload              | answers with                                              |
|--------------------|----------------------|-----------------------------------------------------------|
| `voicemail.list`   | {"box"}, or {}: all  | the newest LIST_MAX messages, newest first                |
| `voicemail.mark`   | {"box","id","heard"} | the message as it is then                                 |
| `voicemail.delete` | {"box","id"}         | {}, also where it was deleted before                      |

Everything is JSON. What cannot be done fails with the reason in words, and was not done, or will do no harm done again.
"""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from pbx.apps.voicemail.mailboxes import Mailboxes, NoSuchMessage
from pbx.blobs.interface import BlobError
from pbx.bus.interface import CommandFailed, Commands, Handler
from pbx.tenants.scope import TenantScope

LIST_MAX = 1000  # an answer has 1 MiB at most; older messages than these are left out

Boxes: TypeAlias = Callable[[TenantScope], Collection[str]]  # the mailboxes that a tenant has
T = TypeVar("T")


class ListMessages(Struct, frozen=True):
    """The payload of `voicemail.list`."""

    box: str | None = None


class MarkMessage(Struct, frozen=True):
    """The payload of `voicemail.mark`."""

    box: str
    id: str
    heard: bool


class DeleteMessage(Struct, frozen=True):
    """The payload of `voicemail.delete`."""

    box: str
    id: str


class VoicemailCommands:
    """The handlers."""

    def __init__(self, mailboxes: Mailboxes, boxes: Boxes) -> None:
        self._mailboxes = mailboxes
        self._boxes = boxes

    @asynccontextmanager
    async def answering(self, bus: Commands) -> AsyncIterator[None]:
        """Answers while entered."""
        handlers: dict[str, Handler] = {"list": self._list, "mark": self._mark, "delete": self._delete}
        async with AsyncExitStack() as entered:
            for verb, handler in handlers.items():
                await entered.enter_async_context(bus.handle(f"voicemail.{verb}", _in_words(handler)))
            yield

    async def _list(self, scope: TenantScope, payload: bytes) -> bytes:
        asked = _read(payload or b"{}", ListMessages)
        boxes = self._boxes(scope) if asked.box is None else [self._known(scope, asked.box)]
        messages = await self._mailboxes.all_messages(scope, boxes)
        return msgspec.json.encode(messages[:LIST_MAX])

    async def _mark(self, scope: TenantScope, payload: bytes) -> bytes:
        asked = _read(payload, MarkMessage)
        box = self._known(scope, asked.box)
        return msgspec.json.encode(await self._mailboxes.mark(scope, box, asked.id, heard=asked.heard))

    async def _delete(self, scope: TenantScope, payload: bytes) -> bytes:
        asked = _read(payload, DeleteMessage)
        with suppress(NoSuchMessage):  # the caller heard nothing of the first time
            await self._mailboxes.delete(scope, self._known(scope, asked.box), asked.id)
        return b"{}"

    def _known(self, scope: TenantScope, box: str) -> str:
        if box not in self._boxes(scope):
            raise CommandFailed(f"there is no mailbox {box[:20]!r}")
        return box


def _read(payload: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CommandFailed(f"the payload is not as it should be: {error}") from error


def _in_words(handler: Handler) -> Handler:
    async def answer(scope: TenantScope, payload: bytes) -> bytes:
        try:
            return await handler(scope, payload)
        except NoSuchMessage as error:
            raise CommandFailed(str(error)) from error
        except BlobError as error:
            raise CommandFailed(f"the mailboxes are out of reach: {error}") from error

    return answer
