"""What follows a 2xx to an INVITE: the transaction is over, but 2xx and ACK must find each other (RFC 3261 13).

`UnacknowledgedAnswer` is ours, resent until its ACK comes, on any transport. `Acknowledgements` are the ACKs that we
sent, one per fork, each sent again whenever its 2xx comes again. Neither holds a socket or reads a clock.
"""

from __future__ import annotations

from math import inf

from pbx.sip.flow import Flow
from pbx.sip.transaction.timers import Timers

FORKS_MAX = 16  # answers of different parties to one INVITE; beyond, a 2xx is dropped and counted


class UnacknowledgedAnswer:
    """A 2xx that was just sent for the first time (RFC 3261 13.3.1.4)."""

    def __init__(self, data: bytes, *, timers: Timers, now: float) -> None:
        self.is_acknowledged = False
        self._data = data
        self._t2 = timers.t2
        self._interval_s = timers.t1
        self._resend_at = now + timers.t1
        self._give_up_at = now + timers.give_up_s

    def receive_ack(self) -> None:
        """Ends the resending."""
        self.is_acknowledged = True
        self._resend_at = self._give_up_at = inf

    def handle_timeout(self, now: float) -> bytes | None:
        """The bytes to send again, if it is time to; when the answer `has_given_up`, None for ever."""
        if now >= self._give_up_at:
            self._resend_at = self._give_up_at = inf
        elif now >= self._resend_at:
            self._interval_s = min(2 * self._interval_s, self._t2)
            self._resend_at = now + self._interval_s
            return self._data
        return None

    @property
    def has_given_up(self) -> bool:
        """No ACK came in time."""
        return self._give_up_at == inf and not self.is_acknowledged

    def next_timeout(self) -> float:
        """Infinity once the ACK came or the time is up."""
        return min(self._resend_at, self._give_up_at)


class Acknowledgements:
    """The 2xx responses that came to one INVITE of ours, by their To tags, and the ACKs to them."""

    def __init__(self) -> None:
        self._acks: dict[str | None, tuple[Flow, bytes] | None] = {}

    @property
    def is_full(self) -> bool:
        """No further fork is remembered."""
        return len(self._acks) >= FORKS_MAX

    def __contains__(self, to_tag: str | None) -> bool:
        return to_tag in self._acks

    def expect(self, to_tag: str | None) -> None:
        """A 2xx came whose ACK is still to be given."""
        self._acks.setdefault(to_tag, None)

    def give(self, to_tag: str | None, flow: Flow, data: bytes) -> None:
        """The ACK of a fork, for when its 2xx comes again."""
        self._acks[to_tag] = (flow, data)

    def ack(self, to_tag: str | None) -> tuple[Flow, bytes] | None:
        """What to send again, None while our side has not acknowledged."""
        return self._acks.get(to_tag)
