"""The owner of a mailbox dials in: the PIN, how many messages there are, and then the messages.

| step    | data                                | goes on with                            |
|---------|-------------------------------------|-----------------------------------------|
| ""      |                                     | the answer                              |
| pin     | tries: so far                       | asking for the PIN                      |
| counts  |                                     | how many messages there are             |
| message | left: ids, the present one first    | that message from its start             |
| greet   | left: as above, "" after the last   | recording a greeting of one's own       |
| last    |                                     | what can be done after the last message |

The new messages come first, then the old ones, each oldest first. A message is heard when it was played to its end, or
left after HEARD_S: one that the hang-up cut short stays new.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import structlog
import trio

from pbx.apps.voicemail.audio_files import AudioFiles
from pbx.apps.voicemail.greeting import record_greeting
from pbx.apps.voicemail.keys import Key, choose
from pbx.apps.voicemail.mailboxes import Mailboxes, NoSuchMessage
from pbx.apps.voicemail.patience import InThread
from pbx.blobs.interface import BlobError, BlobMissing
from pbx.call.application import ApplicationCall
from pbx.events.voicemail_message import Message
from pbx.media.interface import Digits
from pbx.prompts.sentences import message_counts, message_heading
from pbx.security.pin_guard import PinGuard

log = structlog.get_logger()

PIN_TRIES_MAX = 3  # in one call
PIN_WAIT_S = 8.0  # for a digit
PIN_TYPED_S = 30.0  # for all of them
PINS_AT_ONCE = 2  # looked at in threads: each takes 19 MiB
HEARD_S = 3.0
DEED_S = 5.0  # what a key asked for is done even if the caller hangs up meanwhile, for so long
LAST_KEYS = (Key.GREETING, Key.HANG_UP)


class Mailbox:
    """The application; one for all boxes of a process."""

    def __init__(
        self,
        mailboxes: Mailboxes,
        audio: AudioFiles,
        guard: PinGuard,
        verify_pin: Callable[[str, str], bool],
        in_thread: InThread,
    ) -> None:
        self._mailboxes = mailboxes
        self._audio = audio
        self._guard = guard
        self._verify_pin = verify_pin
        self._in_thread = in_thread
        self._pins = trio.CapacityLimiter(PINS_AT_ONCE)

    async def __call__(self, call: ApplicationCall) -> str:
        """Until the caller has heard enough; there is no outcome but the end."""
        await call.answer()
        extension = call.tenant.extensions.get(call.options["box"])
        if extension is None or extension.voicemail is None:
            await call.play("vm-no-mailbox", "goodbye")
            return ""
        if call.step in ("", "pin") and not await self._knows_pin(call, extension.voicemail.pin_hash):
            await call.play("vm-too-many-tries")
            return ""
        try:
            await Visit(call, self._mailboxes, self._audio).run()
        except (BlobError, OSError) as error:
            log.error("mailbox out of reach", call=call.id, scope=str(call.scope), error=str(error))
            await call.play("vm-try-later", "goodbye")
        return ""

    async def _knows_pin(self, call: ApplicationCall, pin_hash: str) -> bool:
        before: list[str] = []
        for tries in range(int(call.data.get("tries", "0")), PIN_TRIES_MAX):
            await call.enter("pin", tries=str(tries))
            pin = await _enter_pin(call, *before)
            match await self._judge(call, pin_hash, pin):
                case "right":
                    await call.enter("counts")
                    return True
                case "locked":
                    return False
            before = ["vm-wrong-pin"]  # said with the next question: what is pressed meanwhile counts
        return False

    async def _judge(self, call: ApplicationCall, pin_hash: str, pin: str) -> Literal["right", "wrong", "locked"]:
        scope, box = call.scope, call.options["box"]
        if not pin:
            return "wrong"  # nobody guesses by saying nothing
        if not self._guard.admit(scope, box, call.now()):
            log.warning("mailbox locked", call=call.id, scope=str(scope), box=box, from_number=call.from_number)
            return "locked"
        async with self._pins:
            is_right = await self._in_thread(self._verify_pin, pin_hash, pin)
        if not is_right:
            log.warning("wrong PIN", call=call.id, scope=str(scope), box=box, from_number=call.from_number)
            return "wrong"
        self._guard.right(scope, box)
        return "right"


async def _enter_pin(call: ApplicationCall, *before: str) -> str:
    with call.listening() as digits:
        first = await call.ask(digits, *before, "vm-enter-pin", wait_s=PIN_WAIT_S)
        if first in (None, "#"):
            return ""
        return first + await digits.collect(until="#", between_s=PIN_WAIT_S, timeout_s=PIN_TYPED_S)


class Visit:
    """One caller who has given the PIN, from the counts to the goodbye."""

    def __init__(self, call: ApplicationCall, mailboxes: Mailboxes, audio: AudioFiles) -> None:
        self._call = call
        self._box = call.options["box"]
        self._mailboxes = mailboxes
        self._audio = audio
        self._left: list[str] = []  # ids of messages that are still to be heard
        self._before: list[str] = []  # said with the next question: a key that is pressed meanwhile counts

    async def run(self) -> None:
        """From the step that the call is at."""
        if self._call.step == "counts":
            await self._say_counts()
        else:
            self._left = self._call.data.get("left", "").split()
        if self._call.step == "greet":
            await self._record_greeting()
        if await self._hear_all() and await self._after_the_last():
            await self._call.play("goodbye")

    async def _say_counts(self) -> None:
        messages = await self._mailboxes.messages(self._call.scope, self._box)
        new = [message.id for message in messages if not message.heard]
        old = [message.id for message in messages if message.heard]
        self._left = new + old
        sounds = message_counts(self._call.tenant.language, len(new), len(old))
        with self._call.listening() as digits:
            await self._call.ask(digits, *sounds, wait_s=0)  # any digit: on to the messages

    async def _hear_all(self) -> bool:
        """Message after message; False where the caller wants, or does, no more."""
        had_messages = bool(self._left)
        while self._left:
            await self._call.enter("message", left=" ".join(self._left))
            message = await self._message(self._left[0])
            if message is None:  # deleted in the portal meanwhile
                del self._left[0]
                continue
            match await self._hear(message):
                case Key.NONE:
                    await self._call.play("goodbye")
                    return False
                case Key.HANG_UP:
                    return False
                case Key.GREETING:
                    await self._record_greeting()
                case Key.DELETE:
                    await self._delete(message)
                    del self._left[0]
                case Key.KEEP_NEW:
                    await self._mark(message, heard=False)
                    self._before.append("vm-kept")
                    del self._left[0]
                case Key.NEXT:
                    del self._left[0]
        if had_messages:
            self._before.append("vm-no-more-messages")
        return True

    async def _hear(self, message: Message) -> Key:
        """Plays a message; the key that the caller chose, then or after the menu."""
        with self._call.listening() as digits:
            key = await self._call.ask(digits, *self._take_before(), *self._heading(message), wait_s=0)
            if key is None:
                key = await self._play(digits, message)
            return Key(await choose(self._call, digits, list(Key), "vm-menu", pressed=key))

    async def _play(self, digits: Digits, message: Message) -> str | None:
        try:
            audio = await self._mailboxes.audio(self._call.scope, self._box, message.id)
        except BlobMissing:
            return None  # deleted in the portal since it was announced
        async with self._audio.holding(message.id, audio) as path:
            began_at = trio.current_time()
            key = await self._call.ask(digits, path, wait_s=0)
            if key is None or trio.current_time() - began_at >= HEARD_S:
                await self._mark(message, heard=True)
        return key

    async def _after_the_last(self) -> bool:
        """A greeting may be recorded; whether the caller is told goodbye."""
        while True:
            await self._call.enter("last")
            with self._call.listening() as digits:
                key = Key(await choose(self._call, digits, LAST_KEYS, "vm-last-menu", before=self._take_before()))
            if key is not Key.GREETING:
                return key is Key.NONE
            await self._record_greeting()

    async def _record_greeting(self) -> None:
        await self._call.enter("greet", left=" ".join(self._left))
        await record_greeting(self._call, self._mailboxes, self._audio)

    async def _message(self, message_id: str) -> Message | None:
        messages = await self._mailboxes.messages(self._call.scope, self._box)
        return next((message for message in messages if message.id == message_id), None)

    async def _delete(self, message: Message) -> None:
        try:
            with trio.move_on_after(DEED_S, shield=True) as scope:
                await self._mailboxes.delete(self._call.scope, self._box, message.id)
        except NoSuchMessage:
            pass  # as it should be
        self._before.append("vm-try-later" if scope.cancelled_caught else "vm-deleted")

    async def _mark(self, message: Message, *, heard: bool) -> None:
        try:
            with trio.move_on_after(DEED_S, shield=True):
                await self._mailboxes.mark(self._call.scope, self._box, message.id, heard=heard)
        except NoSuchMessage:
            pass  # deleted in the portal meanwhile
        except BlobError as error:
            log.warning("message not marked", scope=str(self._call.scope), message=message.id, error=str(error))

    def _take_before(self) -> list[str]:
        before, self._before = self._before, []
        return before

    def _heading(self, message: Message) -> list[str]:
        zone = ZoneInfo(self._call.tenant.time_zone)
        at, now = (datetime.fromtimestamp(seconds, zone) for seconds in (message.at, self._call.now()))
        return message_heading(self._call.tenant.language, message.from_number, at, now)
