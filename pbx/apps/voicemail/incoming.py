"""Recordings on their way into a mailbox: a folder from which each is delivered, however its call, or we, ended.

    voicemail-incoming/REGION/TENANT/BOX/ID.json     who called whom, and when: written first
    voicemail-incoming/REGION/TENANT/BOX/ID.wav      what was said so far

A recording leaves the folder when its blobs are written, and not before: what an earlier process left, and what could
not be delivered for as long as the blobs were out of reach, is tried again.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path

import msgspec
import structlog
import trio
from msgspec import Struct
from msgspec.structs import replace

from pbx.apps.voicemail.mailboxes import Mailboxes
from pbx.apps.voicemail.patience import InThread
from pbx.apps.voicemail.wav_length import wav_duration_s
from pbx.blobs.interface import BlobUnavailable
from pbx.events.voicemail_message import Message, box_prefix
from pbx.tenants.scope import TenantScope

log = structlog.get_logger()

MESSAGE_MIN_S = 1.0  # a shorter one is somebody who hung up, and is dropped and counted
WAITING_MAX = 1000  # being recorded or not delivered yet, all boxes together; then callers are told to try later
DELIVERIES_MAX = 4  # at once: one that stalls must not hold up the others
RETRY_S = 5.0  # while the blobs are out of reach


class NoRoom(Exception):
    """WAITING_MAX recordings have not been delivered yet."""


class IncomingStats(Struct, frozen=True):
    """Counts since the start; `waiting` is of now."""

    waiting: int
    dropped_short: int
    postponed: int  # tries that found the blobs out of reach
    undeliverable: int  # left in the folder for a person to look at
    refused_full: int


@dataclass(frozen=True)
class _Draft:
    scope: TenantScope
    message: Message
    audio: Path

    @property
    def note(self) -> Path:
        return self.audio.with_suffix(".json")


class Incoming:
    """See the module. `run` delivers; whatever is in the folder before it was left by an earlier process."""

    def __init__(self, folder: Path, mailboxes: Mailboxes, in_thread: InThread) -> None:
        self._folder = folder
        self._mailboxes = mailboxes
        self._in_thread = in_thread
        self._begun: dict[Path, _Draft] = {}
        # Endless, for `taking` lets no more than WAITING_MAX into it, and what lies in the folder must come out.
        self._post, self._posted = trio.open_memory_channel[_Draft](inf)
        self._dropped_short = self._postponed = self._undeliverable = self._refused_full = 0

    def stats(self) -> IncomingStats:
        """What went on."""
        return IncomingStats(
            len(self._begun), self._dropped_short, self._postponed, self._undeliverable, self._refused_full
        )

    def waiting(self, scope: TenantScope, box: str) -> int:
        """How many are on their way into a box."""
        return sum(draft.scope == scope and draft.message.box == box for draft in self._begun.values())

    @asynccontextmanager
    async def taking(self, scope: TenantScope, message: Message) -> AsyncIterator[Path]:
        """Yields the file to record into. However this is left, what is in it will be delivered.

        Raises NoRoom, and OSError where the folder cannot be written.
        """
        if len(self._begun) >= WAITING_MAX:
            self._refused_full += 1
            raise NoRoom(f"{WAITING_MAX} recordings wait to be delivered")
        draft = _Draft(scope, message, self._path(scope, message))
        self._begun[draft.audio] = draft
        try:
            await self._in_thread(_write_note, draft)
            yield draft.audio
        finally:
            self._post.send_nowait(draft)

    async def run(self) -> None:
        """Delivers until cancelled."""
        async with trio.open_nursery() as nursery:
            for _ in range(DELIVERIES_MAX):
                nursery.start_soon(self._deliver)
            left: list[_Draft] = await self._in_thread(_left_in, self._folder)
            for draft in left:
                if draft.audio not in self._begun:
                    self._begun[draft.audio] = draft
                    self._post.send_nowait(draft)

    async def _deliver(self) -> None:
        async for draft in self._posted:
            try:
                await self._bring(draft)
            except BlobUnavailable as error:
                self._postponed += 1
                log.warning("voicemail not delivered yet", file=str(draft.audio), error=str(error))
                await trio.sleep(RETRY_S)
                self._post.send_nowait(draft)
            except Exception:
                # It stays in the folder: the next start tries again, and a person may look.
                self._undeliverable += 1
                del self._begun[draft.audio]
                log.exception("voicemail not deliverable", file=str(draft.audio))
            else:
                del self._begun[draft.audio]

    async def _bring(self, draft: _Draft) -> None:
        audio: bytes = await self._in_thread(_read_audio, draft.audio)
        duration_s = wav_duration_s(audio)
        if duration_s < MESSAGE_MIN_S:
            self._dropped_short += 1
        else:
            await self._mailboxes.deliver(draft.scope, replace(draft.message, duration_s=duration_s), audio)
        await self._in_thread(_remove, draft)

    def _path(self, scope: TenantScope, message: Message) -> Path:
        box = box_prefix(message.box).split("/")[1]
        return self._folder / scope.region / scope.tenant / box / f"{message.id}.wav"


def _write_note(draft: _Draft) -> None:
    _make_folder(draft.note.parent)
    partial = draft.note.with_suffix(".part")
    partial.write_bytes(msgspec.json.encode(draft.message))
    partial.replace(draft.note)


def _make_folder(path: Path) -> None:
    """For us alone, the folders above it too, which `mkdir` with `parents` would show to everybody."""
    if not path.is_dir():
        _make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def _left_in(folder: Path) -> list[_Draft]:
    left = []
    for note in sorted(folder.glob("*/*/*/*.json")):
        region, tenant = note.relative_to(folder).parts[:2]
        try:
            message = msgspec.json.decode(note.read_bytes(), type=Message)
        except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
            log.error("voicemail without a readable note", file=str(note), error=str(error))
            continue
        left.append(_Draft(TenantScope(tenant, region), message, note.with_suffix(".wav")))
    return left


def _read_audio(path: Path) -> bytes:
    with suppress(FileNotFoundError):  # the caller was gone before the first word
        return path.read_bytes()
    return b""


def _remove(draft: _Draft) -> None:
    # The note last: a recording without one could not be told whose it is.
    draft.audio.unlink(missing_ok=True)
    draft.note.unlink(missing_ok=True)
