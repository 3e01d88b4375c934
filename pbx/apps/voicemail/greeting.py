"""The owner of a mailbox records its greeting, hears it, and keeps it or not. Until it is kept the old one stands."""

from pathlib import Path

from pbx.apps.voicemail.audio_files import AudioFiles
from pbx.apps.voicemail.incoming import MESSAGE_MIN_S
from pbx.apps.voicemail.keys import GreetingKey, choose
from pbx.apps.voicemail.mailboxes import Mailboxes
from pbx.apps.voicemail.recording import record_until_done
from pbx.call.application import ApplicationCall

GREETING_MAX_S = 60.0
TRIES_MAX = 3  # that come to nothing; on a full disk all of them do


async def record_greeting(call: ApplicationCall, mailboxes: Mailboxes, audio: AudioFiles) -> None:
    """Until the caller has decided. Raises BlobUnavailable, OSError where what they want cannot be done."""
    scope, box = call.scope, call.options["box"]
    async with audio.holding("greeting") as path:
        key = GreetingKey.AGAIN
        while key is GreetingKey.AGAIN:
            key = await _take(call, path)
        match key:
            case GreetingKey.KEEP:
                await mailboxes.put_greeting(scope, box, await audio.read(path))
                await call.play("vm-greeting-saved")
            case GreetingKey.USUAL:
                await mailboxes.put_greeting(scope, box, None)
                await call.play("vm-greeting-usual")


async def _take(call: ApplicationCall, path: Path) -> GreetingKey:
    """Records one and asks what to do with it."""
    await call.play("vm-record-greeting", "beep")
    tries = 1
    while await record_until_done(call, path, max_s=GREETING_MAX_S) < MESSAGE_MIN_S:
        if tries == TRIES_MAX:
            raise OSError(f"{tries} greetings in a row without a second of sound: the disk may be full")
        tries += 1
        await call.play("vm-too-short", "vm-record-greeting", "beep")
    with call.listening() as digits:
        key = GreetingKey.HEAR
        while key is GreetingKey.HEAR:
            pressed = await call.ask(digits, path, wait_s=0)
            key = GreetingKey(await choose(call, digits, list(GreetingKey), "vm-greeting-menu", pressed=pressed))
    return key
