"""The messages of all mailboxes. The blobs are the truth, and this process is the only one that writes them.

A box is read when it is first asked for, and remembered; whenever it is open whether a change was made, it is
forgotten and read again. A message is there once its record is: audio is written before it and removed after it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec
import structlog
import trio
from msgspec import Struct
from msgspec.structs import replace

from pbx.apps.voicemail.patience import patiently
from pbx.blobs.interface import LIST_MAX, BlobError, BlobInfo, BlobMissing, Blobs, BlobUnavailable
from pbx.events.message_counts import MessageCounts
from pbx.events.voicemail_message import Message, audio_key, box_prefix, greeting_key, record_key
from pbx.tenants.scope import TenantScope

log = structlog.get_logger()

MESSAGES_MAX = 100  # of a box; then callers hear that it is full, and that is counted
BOXES_MAX = 10_000  # remembered; then the one that was not asked for longest is read again when it is
RETRY_S = 5.0  # between boxes that cannot be read, while the blobs are out of reach
ASKED_MAX = 10_000  # boxes that wait to be read for `counts`; then one more is left out and counted, to be asked again

Changed: TypeAlias = Callable[[TenantScope, str, int, int], None]  # scope, box, new, old


class NoSuchMessage(Exception):
    """It is not there, or no longer."""


class MailboxesStats(Struct, frozen=True):
    """Counts since the start; `boxes` is of now."""

    boxes: int
    delivered: int
    deleted: int
    unreadable: int  # records of messages that no release wrote; their blobs stay
    asks_dropped: int


@dataclass
class _Box:
    lock: trio.Lock = field(default_factory=trio.Lock)
    messages: dict[str, Message] | None = None  # by id; None: not read, or it is open what is there


class Mailboxes:
    """See the module. `on_changed` are told of every change of a box's counts, and must not wait."""

    def __init__(self, blobs: Blobs) -> None:
        self.on_changed: list[Changed] = []
        self._blobs = blobs
        self._boxes: dict[tuple[TenantScope, str], _Box] = {}  # the one last asked for at the end
        self._asked: set[tuple[TenantScope, str]] = set()
        self._ask, self._to_read = trio.open_memory_channel[tuple[TenantScope, str]](ASKED_MAX)
        self._delivered = self._deleted = self._unreadable = self._asks_dropped = 0

    def stats(self) -> MailboxesStats:
        """What went on."""
        return MailboxesStats(len(self._boxes), self._delivered, self._deleted, self._unreadable, self._asks_dropped)

    async def run(self) -> None:
        """Reads the boxes that `counts` was asked for in vain; until cancelled."""
        async for scope, box in self._to_read:
            self._asked.discard((scope, box))
            try:
                await self.messages(scope, box)
            except BlobUnavailable as error:
                # Nobody may ask again for an hour, and so long the lamp of a phone that has just come would be out.
                log.warning("mailbox not read yet", scope=str(scope), box=box, error=str(error))
                self._read_later(scope, box)
                await trio.sleep(RETRY_S)
            except BlobError as error:
                log.warning("mailbox not read", scope=str(scope), box=box, error=str(error))
            except Exception:  # a mistake of ours, or no thread to be had: no reason for calls to end
                log.exception("mailbox not read", scope=str(scope), box=box)

    # -- what is there -------------------------------------------------------------------------------------------------

    async def messages(self, scope: TenantScope, box: str) -> list[Message]:
        """The messages of a box, the oldest first. Raises BlobUnavailable."""
        kept = self._box(scope, box)
        async with kept.lock:
            return sorted((await self._read(scope, box, kept)).values(), key=lambda message: message.id)

    async def all_messages(self, scope: TenantScope, boxes: Iterable[str]) -> list[Message]:
        """The messages of several boxes, the newest first. Raises BlobUnavailable."""
        found = [message for box in boxes for message in await self.messages(scope, box)]
        return sorted(found, key=lambda message: message.id, reverse=True)

    def counts(self, scope: TenantScope, box: str) -> MessageCounts | None:
        """How many there are, at once. None: the box has not been read yet; `on_changed` tells once it is."""
        kept = self._boxes.get((scope, box))
        if kept is not None and kept.messages is not None:
            return _counts(kept.messages)
        self._read_later(scope, box)
        return None

    async def audio(self, scope: TenantScope, box: str, message_id: str) -> bytes:
        """A message as a WAV file. Raises BlobMissing, BlobUnavailable."""
        return await patiently(lambda: self._get(scope, audio_key(box, message_id)))

    async def greeting(self, scope: TenantScope, box: str) -> bytes | None:
        """The box's own greeting as a WAV file, if it has one. Raises BlobUnavailable, at the first failure."""
        try:
            return await self._get(scope, greeting_key(box))
        except BlobMissing:
            return None

    # -- changes -------------------------------------------------------------------------------------------------------

    async def deliver(self, scope: TenantScope, message: Message, audio: bytes) -> None:
        """Puts a message into its box; one that is in it already stays as it is. Raises BlobUnavailable."""
        kept = self._box(scope, message.box)
        async with kept.lock:
            if message.id in await self._read(scope, message.box, kept):
                return
            await patiently(lambda: self._blobs.put(scope, audio_key(message.box, message.id), audio))
            await self._put(scope, kept, message)
            self._delivered += 1

    async def mark(self, scope: TenantScope, box: str, message_id: str, *, heard: bool) -> Message:
        """Makes a message old, or new again. Raises NoSuchMessage, BlobUnavailable."""
        kept = self._box(scope, box)
        async with kept.lock:
            message = await self._find(scope, box, kept, message_id)
            if message.heard != heard:
                message = replace(message, heard=heard)
                await self._put(scope, kept, message)
            return message

    async def delete(self, scope: TenantScope, box: str, message_id: str) -> None:
        """Removes a message. Raises NoSuchMessage, BlobUnavailable."""
        kept = self._box(scope, box)
        async with kept.lock:
            messages = await self._read(scope, box, kept)
            await self._find(scope, box, kept, message_id)
            kept.messages = None  # until the blob is gone for certain
            await patiently(lambda: self._blobs.delete(scope, record_key(box, message_id)))
            del messages[message_id]
            kept.messages = messages
            self._deleted += 1
            self._tell(scope, box, messages)
            # Left behind where this fails, the audio alone is no message; the next reading removes it.
            await patiently(lambda: self._blobs.delete(scope, audio_key(box, message_id)))

    async def put_greeting(self, scope: TenantScope, box: str, audio: bytes | None) -> None:
        """Gives the box a greeting of its own, a WAV file, or takes it away. Raises BlobUnavailable."""
        if audio is None:
            await patiently(lambda: self._blobs.delete(scope, greeting_key(box)))
        else:
            await patiently(lambda: self._blobs.put(scope, greeting_key(box), audio))

    # -- insides -------------------------------------------------------------------------------------------------------

    def _box(self, scope: TenantScope, box: str) -> _Box:
        kept = self._boxes.pop((scope, box), None) or _Box()
        self._boxes[scope, box] = kept
        if len(self._boxes) > BOXES_MAX:
            idle = next((key for key, other in self._boxes.items() if not other.lock.locked()), None)
            if idle not in (None, (scope, box)):
                del self._boxes[idle]
        return kept

    def _read_later(self, scope: TenantScope, box: str) -> None:
        if (scope, box) in self._asked:
            return
        try:
            self._ask.send_nowait((scope, box))
        except trio.WouldBlock:
            self._asks_dropped += 1
        else:
            self._asked.add((scope, box))

    async def _find(self, scope: TenantScope, box: str, kept: _Box, message_id: str) -> Message:
        message = (await self._read(scope, box, kept)).get(message_id)
        if message is None:
            raise NoSuchMessage(f"box {box} has no message {message_id!r}")
        return message

    async def _put(self, scope: TenantScope, kept: _Box, message: Message) -> None:
        messages = kept.messages
        assert messages is not None, "a box is read before it is changed"
        kept.messages = None  # until the blob is there for certain
        key, record = record_key(message.box, message.id), msgspec.json.encode(message)
        await patiently(lambda: self._blobs.put(scope, key, record))
        messages[message.id] = message
        kept.messages = messages
        self._tell(scope, message.box, messages)

    async def _read(self, scope: TenantScope, box: str, kept: _Box) -> dict[str, Message]:
        if kept.messages is None:
            keys = [info.key for info in await self._list(scope, box_prefix(box))]
            ids = [_id(key) for key in keys if key.endswith(".json")]
            for key in keys:
                if key.endswith(".wav") and _id(key) not in ids and key != greeting_key(box):
                    await self._remove(scope, key)
            found = [await self._record(scope, record_key(box, message_id)) for message_id in ids]
            kept.messages = {message.id: message for message in found if message is not None}
            self._tell(scope, box, kept.messages)
        return kept.messages

    async def _list(self, scope: TenantScope, prefix: str) -> list[BlobInfo]:
        found: list[BlobInfo] = []
        while True:
            after = found[-1].key if found else ""
            page = await patiently(lambda after=after: self._blobs.list(scope, prefix, after=after))  # type: ignore[misc]
            found += page
            if len(page) < LIST_MAX:
                return found

    async def _remove(self, scope: TenantScope, key: str) -> None:
        log.warning("audio without a message removed", scope=str(scope), key=key)
        await patiently(lambda: self._blobs.delete(scope, key))

    async def _record(self, scope: TenantScope, key: str) -> Message | None:
        try:
            return msgspec.json.decode(await patiently(lambda: self._get(scope, key)), type=Message)
        except BlobMissing:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._unreadable += 1
            log.error("message not readable", scope=str(scope), key=key, error=str(error))
            return None

    async def _get(self, scope: TenantScope, key: str) -> bytes:
        async with self._blobs.get(scope, key) as chunks:
            return b"".join([chunk async for chunk in chunks])

    def _tell(self, scope: TenantScope, box: str, messages: dict[str, Message]) -> None:
        new, old = _counts(messages)
        for changed in self.on_changed:
            changed(scope, box, new, old)


def _counts(messages: dict[str, Message]) -> MessageCounts:
    old = sum(message.heard for message in messages.values())
    return MessageCounts(len(messages) - old, old)


def _id(key: str) -> str:
    return key.rpartition("/")[2].rpartition(".")[0]
