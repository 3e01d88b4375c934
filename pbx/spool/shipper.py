"""Moves the outbox to the Store: at least once by trying until it is told, exactly once because CDRs have ids.

An item leaves the spool only after the Store has said that it has it. Killed between the two, the next process sends it
again, and the Store keeps the first. Nobody waits for the shipper: calls end whether or not there is a Store.
"""

from collections.abc import Callable, Sequence

import msgspec
import trio
from msgspec import Struct

from pbx.cdr.cdr import Cdr
from pbx.spool.change import CDR_KIND, Change, SetAside, Shipped
from pbx.spool.errors import SpoolError
from pbx.spool.spool import OutboxItem, Spool
from pbx.store.interface import Store, StoreError, StoreRefused
from pbx.tenants.scope import TenantScope

BATCH_MAX = 500  # items a round
LINGER_S = 0.5  # what else ends meanwhile goes with it: one write of the Store for all of them, instead of one each
STORE_TIMEOUT_S = 30.0  # a Store that takes longer counts as gone
RETRY_MIN_S, RETRY_MAX_S = 0.5, 30.0  # doubled with each failure in a row


class ShipperStats(Struct, frozen=True):
    """Counts since the start. `waiting` is of now, in items; `retry_s` is 0 while the Store answers."""

    waiting: int
    shipped: int
    refused: int  # set aside for a person: see `Spool.refused`
    failures: int
    retry_s: float
    last_failure: str


class Shipper:
    """`run` it as long as the spool is open."""

    def __init__(self, spool: Spool, store: Store) -> None:
        self._spool = spool
        self._store = store
        # Told of CDRs that the Store has now. They only note it: the outbox waits for them.
        self.observers: list[Callable[[TenantScope, Sequence[Cdr]], None]] = []
        self._shipped = self._refused = self._failures = 0
        self._retry_s = 0.0
        self._last_failure = ""

    async def run(self) -> None:
        """Ships whatever comes, until cancelled."""
        while True:
            await self._spool.wait_outbox()
            await trio.sleep(self._retry_s or LINGER_S)
            await self.ship()

    async def ship(self) -> bool:
        """One round, at once. Returns whether it went well; what did not go stays in the spool."""
        try:
            with trio.fail_after(STORE_TIMEOUT_S):
                changes = await self._deliver(await self._spool.read_outbox(BATCH_MAX))
            await self._spool.commit(*changes)
        except (StoreError, SpoolError, trio.TooSlowError) as error:
            self._failures += 1
            self._retry_s = min(max(2 * self._retry_s, RETRY_MIN_S), RETRY_MAX_S)
            self._last_failure = str(error) or type(error).__name__
            return False
        self._shipped += sum(isinstance(change, Shipped) for change in changes)
        self._refused += sum(isinstance(change, SetAside) for change in changes)
        self._retry_s = 0.0
        return True

    def stats(self) -> ShipperStats:
        """How it goes."""
        return ShipperStats(
            waiting=self._spool.stats().outbox,
            shipped=self._shipped,
            refused=self._refused,
            failures=self._failures,
            retry_s=self._retry_s,
            last_failure=self._last_failure,
        )

    # -- insides -------------------------------------------------------------------------------------------------------

    async def _deliver(self, items: Sequence[OutboxItem]) -> list[Change]:
        """What is to be noted of `items`, all of which are now in the Store or will never be."""
        changes: list[Change] = []
        readable: list[tuple[OutboxItem, Cdr]] = []
        for item in items:
            cdr = _read_cdr(item)
            if isinstance(cdr, str):
                changes.append(SetAside(item.position, cdr))
            else:
                readable.append((item, cdr))
        for scope in dict.fromkeys(item.scope for item, _ in readable):
            changes += await self._deliver_cdrs([(item, cdr) for item, cdr in readable if item.scope == scope])
        return changes

    async def _deliver_cdrs(self, cdrs: list[tuple[OutboxItem, Cdr]]) -> list[Change]:
        """As `_deliver`, for CDRs of one scope."""
        scope, records = cdrs[0][0].scope, [cdr for _, cdr in cdrs]
        try:
            await self._store.add_cdrs(scope, records)
        except StoreRefused as refused:
            if len(cdrs) == 1:
                return [SetAside(cdrs[0][0].position, str(refused))]
            # One that can never be kept must not hold up the others. Halves find it in few calls.
            middle = len(cdrs) // 2
            return await self._deliver_cdrs(cdrs[:middle]) + await self._deliver_cdrs(cdrs[middle:])
        for observer in self.observers:
            observer(scope, records)
        return [Shipped(item.position) for item, _ in cdrs]


def _read_cdr(item: OutboxItem) -> Cdr | str:
    """The item's CDR, or why it has none."""
    if item.kind != CDR_KIND:
        return f"this release ships no {item.kind!r}"
    try:
        return msgspec.json.decode(item.payload, type=Cdr)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return f"not a CDR: {error}"
