"""Keyed values with a time to live, revisions and watchers. Pure: `now` comes in, in seconds of any steady clock."""

from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import Protocol

from msgspec import Struct

from pbx.bus.interface import KEYS_MAX, BusRefused, Entry, RevisionConflict
from pbx.tenants.scope import TenantScope


class _Value(Struct):
    entry: Entry
    replaced: int  # the revision that this value's put expected or found
    expires_at: float = inf
    timer_at: float = inf  # its live entry among the timers: never later than `expires_at`, so one is enough


class Watcher(Protocol):
    """Who is told of changes of the keys that begin with `prefix`."""

    scope: TenantScope
    prefix: str

    def put(self, entry: Entry) -> None:
        """The entry changed, or was there when the watch began."""

    def wake(self) -> None:
        """Something of this may run out sooner than `next_timeout` said before."""


class KeyedState:
    """The values of all tenants."""

    def __init__(self, *, keys_max: int = KEYS_MAX) -> None:
        self._keys_max = keys_max
        self._values: dict[tuple[TenantScope, str], _Value] = {}
        self._timers: list[tuple[float, int, TenantScope, str]] = []
        self._order = count()
        self._revision = 0
        self._watchers: list[Watcher] = []

    def put(
        self,
        scope: TenantScope,
        key: str,
        value: bytes,
        now: float,
        *,
        ttl_s: float | None = None,
        expected_revision: int | None = None,
    ) -> int:
        """See `interface.State`."""
        self.handle_timeout(now)
        expires_at = inf if ttl_s is None else now + ttl_s
        old = self._values.get((scope, key))
        found = old.entry.revision if old else 0
        if old is not None and old.entry.value == value and expected_revision in (None, found, old.replaced):
            self._set_expiry(scope, key, old, expires_at)
            return found
        if expected_revision not in (None, found):
            raise RevisionConflict(found)
        if old is None and len(self._values) >= self._keys_max:
            raise BusRefused(f"there are {self._keys_max} values already")
        entry = self._changed(scope, key, value)
        self._values[scope, key] = new = _Value(entry, found)
        self._set_expiry(scope, key, new, expires_at)
        return entry.revision

    def get(self, scope: TenantScope, key: str, now: float) -> Entry | None:
        """See `interface.State`."""
        self.handle_timeout(now)
        value = self._values.get((scope, key))
        return value.entry if value else None

    def delete(self, scope: TenantScope, key: str, now: float, *, expected_revision: int | None = None) -> None:
        """See `interface.State`."""
        self.handle_timeout(now)
        value = self._values.get((scope, key))
        if value is None:
            return
        if expected_revision not in (None, value.entry.revision):
            raise RevisionConflict(value.entry.revision)
        self._remove(scope, key)

    def watch(self, watcher: Watcher, now: float) -> None:
        """Tells `watcher` what there is, and from now on what changes, until `unwatch`."""
        self.handle_timeout(now)
        self._watchers.append(watcher)
        for (scope, key), value in sorted(self._values.items(), key=lambda item: item[1].entry.revision):
            if scope == watcher.scope and key.startswith(watcher.prefix):
                watcher.put(value.entry)

    def unwatch(self, watcher: Watcher) -> None:
        """Tells `watcher` nothing more."""
        self._watchers.remove(watcher)

    def next_timeout(self) -> float:
        """When to call `handle_timeout`; inf for never. May be early, never late."""
        return self._timers[0][0] if self._timers else inf

    def handle_timeout(self, now: float) -> None:
        """Forgets what has run out."""
        while self.next_timeout() <= now:
            timer_at, _, scope, key = heappop(self._timers)
            value = self._values.get((scope, key))
            if value is None or value.timer_at != timer_at:
                continue
            value.timer_at = inf
            if value.expires_at <= now:
                self._remove(scope, key)
            else:
                self._set_expiry(scope, key, value, value.expires_at)

    # -- insides -------------------------------------------------------------------------------------------------------

    def _set_expiry(self, scope: TenantScope, key: str, value: _Value, expires_at: float) -> None:
        value.expires_at = expires_at
        if expires_at < value.timer_at:
            value.timer_at = expires_at
            heappush(self._timers, (expires_at, next(self._order), scope, key))
            for watcher in self._watchers_of(scope, key):
                watcher.wake()

    def _remove(self, scope: TenantScope, key: str) -> None:
        del self._values[scope, key]
        self._changed(scope, key, None)

    def _changed(self, scope: TenantScope, key: str, value: bytes | None) -> Entry:
        self._revision += 1
        entry = Entry(key, value, self._revision)
        for watcher in self._watchers_of(scope, key):
            watcher.put(entry)
        return entry

    def _watchers_of(self, scope: TenantScope, key: str) -> list[Watcher]:
        return [w for w in self._watchers if w.scope == scope and key.startswith(w.prefix)]
