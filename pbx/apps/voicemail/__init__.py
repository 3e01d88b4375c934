"""Voicemail: callers leave messages in a mailbox, and its owner hears them by telephone or in the portal.

`Voicemail` is all of it: what a server runs, asks and counts.
"""

from collections.abc import Callable
from pathlib import Path

import trio
from msgspec import Struct

from pbx.apps.voicemail.audio_files import AudioFiles
from pbx.apps.voicemail.incoming import Incoming, IncomingStats
from pbx.apps.voicemail.leave_message import LeaveMessage
from pbx.apps.voicemail.mailbox import Mailbox
from pbx.apps.voicemail.mailboxes import Mailboxes, MailboxesStats, NoSuchMessage
from pbx.apps.voicemail.patience import InThread
from pbx.blobs.interface import Blobs
from pbx.security.pin_guard import PinGuard

__all__ = ["Mailboxes", "NoSuchMessage", "Voicemail", "VoicemailStats"]

INCOMING_FOLDER = "voicemail-incoming"
AUDIO_FOLDER = "voicemail-audio"


class VoicemailStats(Struct, frozen=True):
    """One moment: what is open now, and beside it what was counted since the start."""

    mailboxes: MailboxesStats
    incoming: IncomingStats
    callers_refused_full: int
    callers_refused_failed: int
    pins_refused: int


class Voicemail:
    """Mailboxes, the way into them, and the two applications."""

    def __init__(
        self, blobs: Blobs, folder: Path, *, verify_pin: Callable[[str, str], bool], in_thread: InThread
    ) -> None:
        """`folder` is the data folder; `verify_pin` gets a hash and a PIN, and takes its time."""
        self.mailboxes = Mailboxes(blobs)
        self.incoming = Incoming(folder / INCOMING_FOLDER, self.mailboxes, in_thread)
        self.guard = PinGuard()
        audio = AudioFiles(folder / AUDIO_FOLDER, in_thread)
        self.leave_message = LeaveMessage(self.mailboxes, self.incoming, audio)
        self.mailbox = Mailbox(self.mailboxes, audio, self.guard, verify_pin, in_thread)

    def stats(self) -> VoicemailStats:
        """What is there, and what went on."""
        return VoicemailStats(
            mailboxes=self.mailboxes.stats(),
            incoming=self.incoming.stats(),
            callers_refused_full=self.leave_message.refused_full,
            callers_refused_failed=self.leave_message.refused_failed,
            pins_refused=self.guard.refused,
        )

    async def run(self) -> None:
        """Delivers, and reads what was asked for, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.incoming.run)
            nursery.start_soon(self.mailboxes.run)
