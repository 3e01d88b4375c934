"""What can be changed in the spool: values that say which statements make them true. Holds no connection.

| change        | at a second time with the same id                                    |
|---------------|----------------------------------------------------------------------|
| PutBinding    | replaces the first                                                   |
| RemoveBinding | does nothing                                                         |
| PutCall       | replaces the first, unless that has a higher epoch or the call ended |
| RemoveCall    | does nothing                                                         |
| EndCall       | does nothing: a call leaves exactly one CDR                          |
| AddToOutbox   | does nothing                                                         |
"""

from typing import Any, NamedTuple, TypeAlias

import msgspec
from msgspec import Struct

from pbx.cdr.cdr import Cdr
from pbx.tenants.scope import TenantScope

CDR_KIND = "cdr"

# Remembered ids of ended calls, so that a late PutCall cannot bring one back; beyond, the oldest is forgotten. A state
# is saved within seconds of what it describes, so this is hours longer than needed.
ENDED_CALLS_MAX = 10_000


class Statement(NamedTuple):
    """One SQL statement. Each row that it changes adds `outbox` to the number of items that wait to be shipped."""

    sql: str
    parameters: tuple[Any, ...]
    outbox: int = 0


class PutBinding(Struct, frozen=True):
    """A confirmed registration. `contact` tells it from the AOR's others; `record` is the registrar's own bytes."""

    scope: TenantScope
    aor: str
    contact: str
    expires_at: float  # unix seconds
    record: bytes

    def statements(self) -> list[Statement]:
        """The SQL of it."""
        key = (self.scope.tenant, self.scope.region, self.aor, self.contact)
        return [
            Statement("INSERT OR REPLACE INTO bindings VALUES (?, ?, ?, ?, ?, ?)", (*key, self.expires_at, self.record))
        ]


class RemoveBinding(Struct, frozen=True):
    """A registration that is gone.

    With `expired_by` (unix seconds) it goes only if it had run out by then: a phone that registered again while the
    removal waited in the queue keeps its new binding.
    """

    scope: TenantScope
    aor: str
    contact: str
    expired_by: float | None = None

    def statements(self) -> list[Statement]:
        """The SQL of it."""
        key = (self.scope.tenant, self.scope.region, self.aor, self.contact)
        sql = "DELETE FROM bindings WHERE tenant = ? AND region = ? AND aor = ? AND contact = ?"
        if self.expired_by is None:
            return [Statement(sql, key)]
        return [Statement(sql + " AND expires_at <= ?", (*key, self.expired_by))]


class PutCall(Struct, frozen=True):
    """A live call's state, which a process of this or the next release can go on from."""

    call_id: str
    scope: TenantScope
    state: bytes
    epoch: int = 0  # of two states the higher one is the newer: an older one that comes late is ignored

    def statements(self) -> list[Statement]:
        """The SQL of it."""
        return [
            Statement(
                "INSERT INTO calls SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM ended_calls WHERE call_id = ?)"
                " ON CONFLICT (call_id) DO UPDATE SET epoch = excluded.epoch, state = excluded.state"
                " WHERE excluded.epoch >= calls.epoch",
                (self.call_id, self.scope.tenant, self.scope.region, self.epoch, self.state, self.call_id),
            )
        ]


class RemoveCall(Struct, frozen=True):
    """A call that this node no longer owns. It leaves no CDR here: see EndCall."""

    call_id: str

    def statements(self) -> list[Statement]:
        """The SQL of it."""
        return [Statement("DELETE FROM calls WHERE call_id = ?", (self.call_id,))]


class EndCall(Struct, frozen=True):
    """The call is over: its state goes and its CDR waits for the Store, both or neither."""

    call_id: str
    cdr: Cdr

    def statements(self) -> list[Statement]:
        """The SQL of it; the first statement looks at what the third leaves."""
        scope = self.cdr.scope
        payload = msgspec.json.encode(self.cdr)
        return [
            Statement(
                "INSERT OR IGNORE INTO outbox (id, kind, tenant, region, payload) SELECT ?, ?, ?, ?, ?"
                " WHERE NOT EXISTS (SELECT 1 FROM ended_calls WHERE call_id = ?)",
                (self.cdr.id, CDR_KIND, scope.tenant, scope.region, payload, self.call_id),
                outbox=+1,
            ),
            Statement("DELETE FROM calls WHERE call_id = ?", (self.call_id,)),
            Statement("INSERT OR IGNORE INTO ended_calls (call_id) VALUES (?)", (self.call_id,)),
            Statement(
                "DELETE FROM ended_calls WHERE position <= (SELECT max(position) FROM ended_calls) - ?",
                (ENDED_CALLS_MAX,),
            ),
        ]


class AddToOutbox(Struct, frozen=True):
    """Anything else that must reach the world exactly once by its id, as the shipper for its `kind` understands it."""

    scope: TenantScope
    kind: str
    id: str
    payload: bytes

    def statements(self) -> list[Statement]:
        """The SQL of it."""
        return [
            Statement(
                "INSERT OR IGNORE INTO outbox (id, kind, tenant, region, payload) VALUES (?, ?, ?, ?, ?)",
                (self.id, self.kind, self.scope.tenant, self.scope.region, self.payload),
                outbox=+1,
            )
        ]


class Shipped(Struct, frozen=True):
    """The outbox item at `position` has arrived. Only the shipper says so."""

    position: int

    def statements(self) -> list[Statement]:
        """The SQL of it."""
        return [Statement("DELETE FROM outbox WHERE position = ? AND refused IS NULL", (self.position,), outbox=-1)]


class SetAside(Struct, frozen=True):
    """The outbox item at `position` was refused for good: kept with the reason, for a person, and not tried again."""

    position: int
    reason: str

    def statements(self) -> list[Statement]:
        """The SQL of it."""
        sql = "UPDATE outbox SET refused = ? WHERE position = ? AND refused IS NULL"
        return [Statement(sql, (self.reason, self.position), outbox=-1)]


Change: TypeAlias = PutBinding | RemoveBinding | PutCall | RemoveCall | EndCall | AddToOutbox | Shipped | SetAside
