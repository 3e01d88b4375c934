"""A voicemail message as everybody sees it: the voicemail application, which keeps it, the portal and the phones.

The record is a blob of its own; the audio lies beside it, under the same id.
"""

from msgspec import Struct

_SPELT = str.maketrans({"*": "s", "#": "h"})  # keys of blobs have neither; numbers have no letters


class Message(Struct, frozen=True):
    """What is known of a message without hearing it. The audio lies beside it, under the same id."""

    id: str
    box: str  # the number of its mailbox, as a rule an extension's
    from_number: str
    from_name: str  # "" if the caller gave none
    at: float  # unix seconds: when the recording began
    duration_s: float
    heard: bool


def box_prefix(box: str) -> str:
    """What the keys of all blobs of a mailbox begin with."""
    return f"voicemail/{box.translate(_SPELT)}/"


def audio_key(box: str, message_id: str) -> str:
    """The blob with a message's audio, a WAV file."""
    return f"{box_prefix(box)}{message_id}.wav"


def record_key(box: str, message_id: str) -> str:
    """The blob with a message's record, as JSON."""
    return f"{box_prefix(box)}{message_id}.json"


def greeting_key(box: str) -> str:
    """The blob with the greeting that the mailbox' owner recorded, a WAV file."""
    return f"{box_prefix(box)}greeting.wav"
