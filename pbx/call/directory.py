"""The calls of this process: begun, restored, listed, counted. Each runs in a task until its record is left."""

from collections.abc import Iterator

import structlog
import trio

from pbx.call.call import Call, Services
from pbx.call.intake import Refused, begin
from pbx.call.run import run_call
from pbx.call.state import CallState
from pbx.call.wire_text import encodable
from pbx.events.call_events import LegAnswered
from pbx.events.live_call import LiveCall
from pbx.media.interface import NoMediaPorts
from pbx.sip.events import RequestReceived
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Extension, Tenant

log = structlog.get_logger()

RETRY_AFTER_S = 5  # what a phone is told when the switch is full


class CallDirectory:
    """Holds at most `calls_max` calls; the next one is refused with 503 and counted in `refused_full`."""

    def __init__(self, services: Services, *, calls_max: int) -> None:
        self.services = services
        self.refused_full = 0
        self._nursery: trio.Nursery | None = None
        self._calls_max = calls_max
        self._calls: dict[str, Call] = {}

    def open(self, nursery: trio.Nursery) -> None:
        """Calls run in `nursery` from now on."""
        self._nursery = nursery

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        return iter(list(self._calls.values()))

    def begin(self, event: RequestReceived, tenant: Tenant, scope: TenantScope, caller: Extension) -> Call:
        """Starts the call that an INVITE asks for. Raises Refused."""
        if len(self._calls) >= self._calls_max:
            self.refused_full += 1
            raise Refused(503, f"All {self._calls_max} Calls In Use", retry_after_s=RETRY_AFTER_S)
        call = begin(event, tenant, scope, caller, self.services)
        self._start(call)
        return call

    def restore(self, state: CallState, tenant: Tenant) -> Call:
        """Goes on with a call that another process left. Raises NoMediaPorts where its ports are taken.

        Whatever it raises, nothing of the call is held afterwards.
        """
        call = Call(state, tenant, self.services)
        state.epoch += 1
        try:
            for leg_state in state.legs:
                if leg_state.phase != "ended":
                    call.restore_leg(leg_state).resume()
        except Exception:
            for leg in call.legs.values():
                leg.close()
            raise
        _reconnect(call)
        self._start(call)
        return call

    def end_interrupted(self, state: CallState, tenant: Tenant, *, died_at: float) -> None:
        """Ends a call that a process left by dying: whoever is still on the line gets a BYE, and there is one CDR."""
        if state.phase != "ended":
            state.phase, state.ended_at, state.is_interrupted = "ended", died_at, True
        for leg in state.legs:
            leg.media_local = leg.stream = None  # a goodbye needs no audio, and its port may be somebody else's by now
        try:
            self.restore(state, tenant)
        except NoMediaPorts:
            for leg in state.legs:
                leg.phase = "ended"  # nobody can be told; whoever looks at the call still finds who was in it
            self.restore(state, tenant)

    def live(self, scope: TenantScope | None = None) -> list[LiveCall]:
        """The calls of a tenant, or of all of them, the oldest first."""
        return [summary(call) for call in self if scope is None or call.state.scope == scope]

    def why_unheard(self, number: str) -> str | None:
        """Why we hear nothing usable from the phone of an extension that is in a call; None where all is well."""
        legs = (leg for call in self for leg in call.legs.values() if leg.is_up and leg.state.party == number)
        return next((why for leg in legs if (why := leg.media.quality().deaf_because)), None)

    def _start(self, call: Call) -> None:
        self._calls[call.state.id] = call
        self.services.counters.started += 1
        assert self._nursery is not None, "open() comes before the first call"
        self._nursery.start_soon(self._run, call)

    async def _run(self, call: Call) -> None:
        try:
            await run_call(call)
        except Exception:
            # The record is lost to this process, not to the next one: the spool still has the call's state.
            log.exception("a call's end failed", call=call.state.id, scope=str(call.state.scope))
        finally:
            del self._calls[call.state.id]
            self.services.counters.ended += 1
            call.tell()


def _reconnect(call: Call) -> None:
    """Who heard whom before hears them again, early audio too; an application sees to its own."""
    if call.state.phase in ("application", "ended") or call.state.caller.phase == "ended":
        return
    callee = call.other(call.caller) or next((leg for leg in call.callees if leg.state.stream is not None), None)
    if callee is not None:
        call.services.media.bridge(call.caller.media, callee.media)


def summary(call: Call) -> LiveCall:
    """What people see of a call now."""
    state, started = call.state, call.state.started
    answered = next((e.at for e in state.history if isinstance(e, LegAnswered) and e.leg == state.caller.id), None)
    parties = tuple(leg.party for leg in state.legs[1:] if leg.phase != "ended")
    # What somebody dialled may have bytes of no encoding in it: one odd call must not keep all from being listed.
    numbers = encodable(started.from_number), encodable(started.to_number)
    return LiveCall(state.id, state.scope.tenant, *numbers, state.phase, started.at, answered, parties)
