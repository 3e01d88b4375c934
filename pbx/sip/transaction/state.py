"""The states of all four machines; each machine's module says which it uses."""

from enum import Enum


class State(Enum):
    """Names as in RFC 3261 17; ACCEPTED is RFC 6026's."""

    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"
