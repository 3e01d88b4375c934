"""A voicemail message as everybody sees it: the voicemail application, which keeps it, the portal and the phones."""

from msgspec import Struct


class Message(Struct, frozen=True):
    """What is known of a message without hearing it. The audio lies beside it, under the same id."""

    id: str
    box: str  # the number of its mailbox, as a rule an extension's
    from_number: str
    from_name: str  # "" if the caller gave none
    at: float  # unix seconds: when the recording began
    duration_s: float
    heard: bool
