"""One record per call, with its legs and the path it took through the plan.

Never written twice and never patched: `build` makes it from the call's history when the call is over or was cut off.
Pure; it believes nothing but the history. Times are unix seconds; durations have their unit in their name.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from pbx.events.call_events import (
    By,
    CallEnded,
    CallEvent,
    CallStarted,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegMedia,
    LegResumed,
    LegRinging,
    LegStarted,
    Role,
    Routed,
)
from pbx.tenants.scope import TenantScope

Disposition: TypeAlias = Literal[
    "answered",
    "busy",  # 486, 600
    "no-answer",  # it rang, nobody took it
    "unavailable",  # 480 without ringing: no phone registered
    "cancelled",  # the caller gave up
    "declined",  # 603
    "failed",  # anything else: unknown number, no common codec, overload …
    "interrupted",  # the history stops before the call's end: the process died
]


class CdrLeg(Struct, frozen=True):
    """One party's share of the call."""

    leg: str
    role: Role
    party: str
    uri: str
    started_at: float
    ringing_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None  # None: still up when the history stops
    status: int | None = None
    ended_by: By | None = None
    reason: str = ""
    held_s: float = 0.0
    media: LegMedia | None = None


class PathStep(Struct, frozen=True):
    """A step of routing."""

    at: float
    node: str
    outcome: str
    reason: str


class Cdr(Struct, frozen=True):
    """The record. `id` is the call's own id, so storing it a second time can be told from a second call."""

    id: str
    scope: TenantScope
    from_number: str
    from_name: str
    to_number: str
    sip_call_id: str
    started_at: float
    ringing_at: float | None
    answered_at: float | None  # when the caller got the 2xx
    ended_at: float
    talk_s: float
    disposition: Disposition
    ended_by: By
    sip_status: int | None
    reason: str
    legs: tuple[CdrLeg, ...] = ()
    path: tuple[PathStep, ...] = ()


def build(events: Sequence[CallEvent], *, interrupted_at: float | None = None) -> Cdr:
    """The record of a history that begins with CallStarted and may stop anywhere.

    A history without its CallEnded was cut off: the call is "interrupted", and ended at `interrupted_at` (unix seconds;
    None: with its last event). Raises ValueError where there is no CallStarted to begin with.
    """
    if not events or not isinstance(events[0], CallStarted):
        raise ValueError("a call's history begins with CallStarted")
    history = _History(events[0])
    for event in events[1:]:
        history.add(event)
    return history.ended() if history.end is not None else history.cut_off(interrupted_at)


class _History:
    """A call's events so far, taken in one by one."""

    def __init__(self, started: CallStarted) -> None:
        self.started = started
        self.now = started.at
        self.legs: dict[str, CdrLeg] = {}
        self.held_since: dict[str, float] = {}
        self.path: list[PathStep] = []
        self.end: CallEnded | None = None

    def add(self, event: CallEvent) -> None:
        if self.end is not None and not isinstance(event, LegEnded):
            return  # nothing happens to a call that is over; what its legs' media came to may still arrive
        if self.end is None:
            # The clock may have been set back during the call; nothing in a record is before what came before it.
            self.now = max(self.now, event.at)
        match event:
            case CallStarted():
                pass  # only the first counts
            case Routed(_, node, outcome, reason):
                self.path.append(PathStep(self.now, node, outcome, reason))
            case CallEnded():
                self.end = replace(event, at=self.now)
            case LegStarted(_, leg, role, party, uri):
                self.legs.setdefault(leg, CdrLeg(leg, role, party, uri, self.now))
            case _:
                if event.leg in self.legs:
                    self._add_to_leg(self.legs[event.leg], event)

    def _add_to_leg(self, leg: CdrLeg, event: LegRinging | LegAnswered | LegHeld | LegResumed | LegEnded) -> None:
        if leg.ended_at is not None:
            return
        match event:
            case LegRinging():
                leg = replace(leg, ringing_at=self.now if leg.ringing_at is None else leg.ringing_at)
            case LegAnswered():
                leg = replace(leg, answered_at=self.now if leg.answered_at is None else leg.answered_at)
            case LegHeld():
                self.held_since.setdefault(leg.leg, self.now)
            case LegResumed():
                leg = self._resumed(leg)
            case LegEnded(_, _, status, by, reason, media):
                leg = replace(
                    self._resumed(leg), ended_at=self.now, status=status, ended_by=by, reason=reason, media=media
                )
        self.legs[leg.leg] = leg

    def _resumed(self, leg: CdrLeg) -> CdrLeg:
        since = self.held_since.pop(leg.leg, None)
        return leg if since is None else replace(leg, held_s=leg.held_s + self.now - since)

    def ended(self) -> Cdr:
        assert self.end is not None
        end = self.end
        answered_at = self._answered_at()
        ringing_at = self._ringing_at()
        disposition = "answered" if answered_at is not None else unanswered(end.by, end.status, ringing_at is not None)
        status = 200 if answered_at is not None else end.status
        return self._record(end.at, disposition, end.by, status, end.reason)

    def cut_off(self, interrupted_at: float | None) -> Cdr:
        self.now = self.now if interrupted_at is None else max(self.now, interrupted_at)
        status = None if self._answered_at() is None else 200
        return self._record(self.now, "interrupted", "system", status, "the server stopped during the call")

    def _answered_at(self) -> float | None:
        # The caller's 2xx, not the callee's: a call that the caller cancels as the callee picks up was never answered.
        return min((x.answered_at for x in self._callers() if x.answered_at is not None), default=None)

    def _ringing_at(self) -> float | None:
        return min((x.ringing_at for x in self.legs.values() if x.ringing_at is not None), default=None)

    def _callers(self) -> list[CdrLeg]:
        return [leg for leg in self.legs.values() if leg.role == "caller"]

    def _record(self, at: float, disposition: Disposition, by: By, status: int | None, reason: str) -> Cdr:
        answered_at = self._answered_at()
        start = self.started
        return Cdr(
            id=start.call_id,
            scope=start.scope,
            from_number=start.from_number,
            from_name=start.from_name,
            to_number=start.to_number,
            sip_call_id=start.sip_call_id,
            started_at=start.at,
            ringing_at=self._ringing_at(),
            answered_at=answered_at,
            ended_at=at,
            talk_s=0.0 if answered_at is None else at - answered_at,
            disposition=disposition,
            ended_by=by,
            sip_status=status,
            reason=reason,
            legs=tuple(self._resumed(leg) for leg in list(self.legs.values())),
            path=tuple(self.path),
        )


def unanswered(by: By, status: int | None, has_rung: bool) -> Disposition:
    """What became of a call that nobody took; `status` is what the caller got."""
    match status:
        case 486 | 600:
            return "busy"
        case 603:
            return "declined"
        case 487:
            return "cancelled"
        case 408 | 480 if by != "caller":
            return "no-answer" if has_rung else "unavailable"
    return "cancelled" if by == "caller" else "failed"
