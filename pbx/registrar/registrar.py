"""A registrar's bindings and what a REGISTER does to them (RFC 3261 10.3). Holds no socket, clock, file or task.

    outcome = registrar.plan(request, scope, aor, flow, wall_now)   # decides, changes nothing
    …                                                               # the changes are written down
    registrar.apply(outcome)                                        # now they are true

Between the two the same address-of-record must not be planned for again: see `edge.py`. All times are unix seconds.
Whether the phone may register this address-of-record (domain, digest) was decided before.

| the REGISTER has                | answer                                                                         |
|---------------------------------|--------------------------------------------------------------------------------|
| no Contact                      | 200 with all bindings                                                          |
| `Contact: *`, `Expires: 0`      | 200, all removed                                                               |
| Contacts                        | 200, each added, refreshed or (expires 0) removed: all or none                 |
| an expiry below the minimum     | 423 with Min-Expires                                                           |
| an old CSeq of the same Call-ID | 500 (10.3 steps 6 and 7)                                                       |
| the CSeq and Call-ID of what it | 200, and nothing changes: the request has come again, because the process that |
| would add                       | took it was killed before its 200 left                                         |
| too many contacts               | the oldest make room, or 403; 503 where the node itself is full                |
"""

from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count
from math import inf

from msgspec import Struct

from pbx.registrar.binding import Binding
from pbx.registrar.contact_header import Wanted, WantedContact, read_wanted
from pbx.registrar.policy import RegistrarPolicy
from pbx.sip.errors import BadMessage
from pbx.sip.flow import Flow
from pbx.sip.message import Request
from pbx.tenants.scope import TenantScope

NEVER_TOO_BRIEF_S = 3600  # whatever the policy says, RFC 3261 10.3 step 7
EXPIRED_PER_TIMEOUT_MAX = 512  # addresses-of-record looked at by one handle_timeout; the rest at once after it


class Outcome(Struct, frozen=True):
    """What a REGISTER comes to: the response, and what becomes true with it.

    `removed` are contacts (as registered), `put` are bindings that are new or refreshed. An empty `reason` is the
    status's own.
    """

    scope: TenantScope
    aor: str
    status: int
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    put: tuple[Binding, ...] = ()
    removed: tuple[str, ...] = ()


class Expired(Struct, frozen=True):
    """A binding that ran out."""

    scope: TenantScope
    aor: str
    contact: str


class RegistrarStats(Struct, frozen=True):
    """`bindings` and `aors` are of now (expired ones until they are swept), the others counts since the start."""

    bindings: int
    aors: int
    added: int
    refreshed: int
    removed: int
    expired: int


class _Refused(Exception):
    def __init__(self, status: int, reason: str = "", headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.headers = headers


class Registrar:
    """All bindings of one node."""

    def __init__(self, policy: RegistrarPolicy | None = None) -> None:
        self.policy = policy or RegistrarPolicy()
        self._tenants: dict[TenantScope, dict[str, tuple[Binding, ...]]] = {}
        self._bindings = self._added = self._refreshed = self._removed = self._expired = 0
        # One live entry for each address-of-record (`_due` says which), not one for each refresh: a phone that
        # refreshes every 30 s with an expiry of an hour would leave 120.
        self._heap: list[tuple[float, int, TenantScope, str]] = []
        self._due: dict[tuple[TenantScope, str], float] = {}
        self._order = count()

    # -- REGISTER ------------------------------------------------------------------------------------------------------

    def plan(self, request: Request, scope: TenantScope, aor: str, flow: Flow, wall_now: float) -> Outcome:
        """Decides what `request`, received over `flow`, does to `aor`'s bindings. Changes nothing, raises nothing."""
        try:
            wanted = read_wanted(request, self.policy)
            before = list(self.lookup(scope, aor, wall_now))
            if wanted.removes_all:
                _check_all_older(before, wanted)
                after = []
            else:
                self._check_min_expires(wanted)
                after = self._with_contacts(before, wanted, flow, wall_now)
            if wanted.contacts:
                after = self._fitted(before, after)
        except BadMessage as bad:
            return Outcome(scope, aor, 400, bad.reason)
        except _Refused as refused:
            return Outcome(scope, aor, refused.status, refused.reason, refused.headers)
        kept = {binding.contact for binding in after}
        return Outcome(
            scope,
            aor,
            200,
            headers=_success_headers(after, wanted, wall_now),
            put=tuple(binding for binding in after if binding not in before),
            removed=tuple(binding.contact for binding in before if binding.contact not in kept),
        )

    def apply(self, outcome: Outcome) -> None:
        """Makes true what `plan` decided."""
        if not outcome.put and not outcome.removed:
            return
        bindings = self._tenants.get(outcome.scope, {}).get(outcome.aor, ())
        replaced = {binding.contact for binding in outcome.put}
        existing = {binding.contact for binding in bindings}
        kept = tuple(b for b in bindings if b.contact not in replaced and b.contact not in outcome.removed)
        self._added += len(replaced - existing)
        self._refreshed += len(replaced & existing)
        self._removed += len(existing.intersection(outcome.removed))
        self._set(outcome.scope, outcome.aor, kept + outcome.put)

    # -- look-up -------------------------------------------------------------------------------------------------------

    def lookup(self, scope: TenantScope, aor: str, wall_now: float) -> tuple[Binding, ...]:
        """`aor`'s live bindings: the highest q first, among equals the one that registered last."""
        bindings = self._tenants.get(scope, {}).get(aor, ())
        live = [binding for binding in bindings if binding.expires_at > wall_now]
        live.sort(key=lambda binding: (-binding.q, -binding.registered_at))
        return tuple(live)

    def registered(self, scope: TenantScope, wall_now: float) -> frozenset[str]:
        """The addresses-of-record of this tenant that have a live binding."""
        return frozenset(
            aor
            for aor, bindings in self._tenants.get(scope, {}).items()
            if any(binding.expires_at > wall_now for binding in bindings)
        )

    # -- expiry --------------------------------------------------------------------------------------------------------

    def next_timeout(self) -> float:
        """When to call `handle_timeout` (unix seconds; inf: nothing is registered). May be early, never late."""
        return self._heap[0][0] if self._heap else inf

    def handle_timeout(self, wall_now: float) -> tuple[Expired, ...]:
        """Forgets what has run out and says what that was; at most a share of it, so look at `next_timeout` again."""
        expired: list[Expired] = []
        for _ in range(EXPIRED_PER_TIMEOUT_MAX):
            if self.next_timeout() > wall_now:
                break
            due, _, scope, aor = heappop(self._heap)
            if self._due.get((scope, aor)) != due:
                continue  # superseded by an earlier entry, or gone
            del self._due[scope, aor]
            bindings = self._tenants[scope][aor]
            live = tuple(binding for binding in bindings if binding.expires_at > wall_now)
            expired += [Expired(scope, aor, binding.contact) for binding in bindings if binding not in live]
            self._set(scope, aor, live)
        self._expired += len(expired)
        return tuple(expired)

    # -- the whole -----------------------------------------------------------------------------------------------------

    def restore(self, saved: Iterable[tuple[TenantScope, str, Binding]]) -> None:
        """Takes bindings as they were confirmed by an earlier process; expired ones go with the next timeout."""
        for scope, aor, binding in saved:
            bindings = self._tenants.get(scope, {}).get(aor, ())
            self._set(scope, aor, (*(b for b in bindings if b.contact != binding.contact), binding))

    def stats(self) -> RegistrarStats:
        """How many there are, and what became of others."""
        return RegistrarStats(
            bindings=self._bindings,
            aors=sum(map(len, self._tenants.values())),
            added=self._added,
            refreshed=self._refreshed,
            removed=self._removed,
            expired=self._expired,
        )

    # -- insides -------------------------------------------------------------------------------------------------------

    def _check_min_expires(self, wanted: Wanted) -> None:
        too_brief_s = min(self.policy.expires_min_s, NEVER_TOO_BRIEF_S)
        if any(0 < contact.expires_s < too_brief_s for contact in wanted.contacts):
            raise _Refused(423, headers=(("Min-Expires", str(self.policy.expires_min_s)),))

    def _with_contacts(self, before: list[Binding], wanted: Wanted, flow: Flow, wall_now: float) -> list[Binding]:
        after = before.copy()
        for contact in wanted.contacts:
            old = next((binding for binding in after if binding.same_contact(contact.uri, contact.text)), None)
            if old is not None:
                if contact.expires_s and (old.call_id, old.cseq) == (wanted.call_id, wanted.cseq):
                    continue  # come again; a removal cannot be, for what it removed would not be here
                _check_older(old, wanted)
                after.remove(old)
            if contact.expires_s:
                after.append(_bind(contact, wanted, flow, wall_now))
        return after

    def _fitted(self, before: list[Binding], after: list[Binding]) -> list[Binding]:
        """`after` with room made for what is new. A REGISTER that adds nothing is never refused for want of room."""
        added = len(after) - len(before)
        if added <= 0:
            return after
        if self._bindings + added > self.policy.bindings_max:
            raise _Refused(503, "Too Many Registrations")
        excess = len(after) - self.policy.contacts_max
        if excess <= 0:
            return after
        old = sorted((b for b in after if b in before), key=lambda binding: binding.registered_at)
        if self.policy.when_full == "reject" or excess > len(old):
            raise _Refused(403, "Too Many Contacts")
        return [binding for binding in after if binding not in old[:excess]]

    def _set(self, scope: TenantScope, aor: str, bindings: tuple[Binding, ...]) -> None:
        aors = self._tenants.setdefault(scope, {})
        self._bindings += len(bindings) - len(aors.get(aor, ()))
        if not bindings:
            aors.pop(aor, None)
            self._due.pop((scope, aor), None)
            if not aors:
                del self._tenants[scope]
            return
        aors[aor] = bindings
        due = min(binding.expires_at for binding in bindings)
        # A later expiry waits for the entry that there is: it fires early, finds nothing, and is entered anew.
        if due < self._due.get((scope, aor), inf):
            self._due[scope, aor] = due
            heappush(self._heap, (due, next(self._order), scope, aor))


def _check_all_older(bindings: list[Binding], wanted: Wanted) -> None:
    for binding in bindings:
        _check_older(binding, wanted)


def _check_older(binding: Binding, wanted: Wanted) -> None:
    if binding.call_id == wanted.call_id and binding.cseq >= wanted.cseq:
        raise _Refused(500, "CSeq Out of Order")


def _bind(contact: WantedContact, wanted: Wanted, flow: Flow, wall_now: float) -> Binding:
    return Binding(
        contact=contact.text,
        flow=flow,
        call_id=wanted.call_id,
        cseq=wanted.cseq,
        expires_at=wall_now + contact.expires_s,
        registered_at=wall_now,
        params=contact.params,
        q=contact.q,
        path=wanted.path,
        user_agent=wanted.user_agent,
    )


def _success_headers(bindings: list[Binding], wanted: Wanted, wall_now: float) -> tuple[tuple[str, str], ...]:
    return (
        *(("Contact", binding.as_contact(wall_now)) for binding in bindings),
        *(("Path", hop) for hop in wanted.path),  # RFC 3327 5.3
        ("Date", _date(int(wall_now))),  # 10.3 step 8; phones set their clock by it
    )


@lru_cache(maxsize=2)  # one for each second, not for each phone
def _date(wall_s: int) -> str:
    return formatdate(wall_s, usegmt=True)
