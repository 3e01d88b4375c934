"""Tells other processes, over the Bus, what changes in this one. Nothing that tells it of a change ever waits for it.

| signal                  | payload                       | says                                              |
|-------------------------|-------------------------------|---------------------------------------------------|
| `calls.changed`         | the LiveCall                  | it began, rings, talks, ended (phase "ended")     |
| `registrations.changed` | {"extension": NUMBER}         | its contacts are others, or expire at other times |
| `cdrs.added`            | {"id": ID}                    | the Store has it                                  |
| `voicemail.changed`     | {"box", "new", "old"}         | so many messages are in the box                   |

Signals wait for up to PAUSE_S and leave together: each one by itself would wake both processes, for every step of every
call. One that still waits is replaced by a newer one about the same thing. WAITING_MAX wait at most; then the oldest is
dropped and counted: signals may be lost, and whoever listens looks again from time to time anyway.
"""

from collections.abc import Callable, Iterable
from itertools import islice

import msgspec
import structlog
import trio
from msgspec import Struct

from pbx.bus.interface import BusError, Signals
from pbx.call.call import Call
from pbx.call.directory import summary
from pbx.cdr.cdr import Cdr
from pbx.tenants.scope import TenantScope

WAITING_MAX = 4096
PAUSE_S = 0.1  # between bursts: the portal looks no more often (`web.live.LOOK_PAUSE_S`)
BURST_MAX = 512  # signals: less than a subscriber's queue holds, and a few ms in which no call is worked on

log = structlog.get_logger()


class AnnouncerStats(Struct, frozen=True):
    """`waiting` is of now, the others count since the start."""

    waiting: int
    published: int
    dropped: int
    failed: int  # the Bus would not carry them
    mistakes: int  # exceptions of ours; each costs one signal


class Announcer:
    """`run` it with a Bus; until then, and while that is slow, changes wait."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, TenantScope, str], Callable[[], object]] = {}
        self._woken = trio.Event()
        self._published = self._dropped = self._failed = self._mistakes = 0

    def call_changed(self, call: Call) -> None:
        """What it looks like is asked when the signal leaves, after all that happens to it now."""
        self._put("calls.changed", call.state.scope, call.state.id, lambda: summary(call))

    def registrations_changed(self, scope: TenantScope, extension: str) -> None:
        """An extension's contacts were added, refreshed, removed, or ran out."""
        self._put("registrations.changed", scope, extension, lambda: {"extension": extension})

    def cdrs_added(self, scope: TenantScope, cdrs: Iterable[Cdr]) -> None:
        """The Store has these."""
        for cdr in cdrs:
            self._put("cdrs.added", scope, cdr.id, lambda cdr_id=cdr.id: {"id": cdr_id})  # type: ignore[misc]

    def messages_changed(self, scope: TenantScope, box: str, new: int, old: int) -> None:
        """A mailbox has so many messages not heard, and heard."""
        self._put("voicemail.changed", scope, box, lambda: {"box": box, "new": new, "old": old})

    async def run(self, signals: Signals) -> None:
        """Publishes until cancelled."""
        while True:
            await self._woken.wait()
            self._woken = trio.Event()
            while self._waiting:
                for key in list(islice(self._waiting, BURST_MAX)):
                    if (said := self._waiting.pop(key, None)) is not None:
                        subject, scope, _ = key
                        await self._publish(signals, scope, subject, said)
                await trio.sleep(PAUSE_S)

    def stats(self) -> AnnouncerStats:
        """How it goes."""
        return AnnouncerStats(len(self._waiting), self._published, self._dropped, self._failed, self._mistakes)

    async def _publish(self, signals: Signals, scope: TenantScope, subject: str, said: Callable[[], object]) -> None:
        try:
            await signals.publish(scope, subject, msgspec.json.encode(said()))
            self._published += 1
        except BusError:
            self._failed += 1
        except Exception:
            # One odd call that cannot be told of must not end the process, and everybody's calls with it.
            log.exception("change not announced", subject=subject, scope=str(scope))
            self._mistakes += 1

    def _put(self, subject: str, scope: TenantScope, about: str, said: Callable[[], object]) -> None:
        key = (subject, scope, about)
        self._waiting.pop(key, None)
        if len(self._waiting) >= WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]
            self._dropped += 1
        self._waiting[key] = said
        self._woken.set()
