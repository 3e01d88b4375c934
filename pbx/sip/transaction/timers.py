"""The times of RFC 3261 17 (table 4), in seconds."""

from __future__ import annotations

import msgspec


class Timers(msgspec.Struct, frozen=True):
    """The three values that everything is made of, and the timers by their letters.

    On a reliable transport A, E and G never fire, and D, I, J and K are zero: the machines see to that themselves.
    """

    t1: float = 0.5  # estimate of the round trip
    t2: float = 4.0  # longest pause between resends, except of an INVITE
    t4: float = 5.0  # longest life of a message in the network
    trying_s: float = 0.2  # an INVITE that was not answered for so long gets its 100 (RFC 3261 17.2.1)

    @property
    def give_up_s(self) -> float:
        """B, F, H, L and M: long enough for seven sendings."""
        return 64 * self.t1

    @property
    def absorb_s(self) -> float:
        """D and J: how long the other side may still be resending, by our idea of its timers."""
        return 64 * self.t1

    @property
    def drain_s(self) -> float:
        """I and K: how long what was sent before may still arrive."""
        return self.t4
