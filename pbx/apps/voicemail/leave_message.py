"""Leaving a message: the greeting, a beep, and what the caller then says until # or the hang-up.

| step      | data | goes on with                                                                      |
|-----------|------|-----------------------------------------------------------------------------------|
| ""        |      | the answer                                                                        |
| greeting  |      | the greeting from its start                                                       |
| recording |      | a beep and a new message; what the former process recorded is delivered by itself |

Any digit skips the greeting. However the call ends, what was recorded is delivered.
"""

import structlog
import trio

from pbx.apps.voicemail.audio_files import AudioFiles
from pbx.apps.voicemail.incoming import MESSAGE_MIN_S, Incoming, NoRoom
from pbx.apps.voicemail.mailboxes import MESSAGES_MAX, Mailboxes
from pbx.apps.voicemail.recording import record_until_done
from pbx.blobs.interface import BlobError
from pbx.call.application import ApplicationCall
from pbx.events.voicemail_message import Message
from pbx.media.interface import Digits
from pbx.prompts.sentences import unavailable

log = structlog.get_logger()

MESSAGE_MAX_S = 180.0
LOOK_S = 2.0  # for blobs that do not answer the caller is kept waiting no longer, and hears what is heard without them
NAME_MAX = 80  # characters of a caller's name or number that are kept


class LeaveMessage:
    """The application; one for all boxes of a process."""

    def __init__(self, mailboxes: Mailboxes, incoming: Incoming, audio: AudioFiles) -> None:
        self.refused_full = 0
        self.refused_failed = 0  # the folder for recordings cannot be written, or is full
        self._mailboxes = mailboxes
        self._incoming = incoming
        self._audio = audio

    async def __call__(self, call: ApplicationCall) -> str:
        """Takes one message for the box of the options; there is no outcome but the end."""
        await call.answer()
        if await self._is_full(call):
            self.refused_full += 1
            await call.play("vm-box-full", "goodbye")
            return ""
        if call.step != "recording":
            await call.enter("greeting")
            await self._greet(call)
        await call.enter("recording")
        await call.play("beep")
        try:
            duration_s = await self._record(call)
        except (NoRoom, OSError) as error:
            self.refused_failed += 1
            log.error("no message taken", call=call.id, scope=str(call.scope), error=str(error))
            await call.play("vm-try-later", "goodbye")
            return ""
        await call.play("vm-goodbye" if duration_s >= MESSAGE_MIN_S else "vm-too-short")
        return ""

    async def _is_full(self, call: ApplicationCall) -> bool:
        box = call.options["box"]
        try:
            with trio.fail_after(LOOK_S):
                there = len(await self._mailboxes.messages(call.scope, box))
        except (BlobError, trio.TooSlowError):
            return False  # a message too many is better than one that was not taken
        return there + self._incoming.waiting(call.scope, box) >= MESSAGES_MAX

    async def _greet(self, call: ApplicationCall) -> None:
        with call.listening() as digits:
            named = call.options.get("greeting")
            if named is not None:
                if named:
                    await call.ask(digits, named, wait_s=0)
                return
            own = await self._own_greeting(call)
            if own is None or not await self._play(call, digits, own):
                await call.ask(digits, *unavailable(call.options["box"]), "vm-intro", wait_s=0)

    async def _play(self, call: ApplicationCall, digits: Digits, greeting: bytes) -> bool:
        """Until its end or a digit; False where the disk has no room for the file."""
        try:
            async with self._audio.holding("greeting", greeting) as path:
                await call.ask(digits, path, wait_s=0)
        except OSError as error:
            log.error("greeting not played", call=call.id, scope=str(call.scope), error=str(error))
            return False
        return True

    async def _own_greeting(self, call: ApplicationCall) -> bytes | None:
        try:
            with trio.fail_after(LOOK_S):
                return await self._mailboxes.greeting(call.scope, call.options["box"])
        except (BlobError, trio.TooSlowError):
            return None

    async def _record(self, call: ApplicationCall) -> float:
        message = _begin(call)
        async with self._incoming.taking(call.scope, message) as path:
            return await record_until_done(call, path, max_s=MESSAGE_MAX_S)


def _begin(call: ApplicationCall) -> Message:
    at = call.now()
    return Message(
        id=f"{round(at * 1000):013d}-{call.id}",  # sorts by time
        box=call.options["box"],
        from_number=call.from_number[:NAME_MAX],
        from_name=call.from_name[:NAME_MAX],
        at=at,
        duration_s=0.0,
        heard=False,
    )
