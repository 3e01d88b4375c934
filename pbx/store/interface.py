"""What every Store does, and what it raises. One contract test-suite holds all backends to it.

- Every call names a scope and reaches nothing outside it.
- Every call may be made again: a caller that heard no answer repeats it, and what comes of both is what comes of one.
- Any call may raise StoreUnavailable, or take as long as a disk or a network does: callers bring their own deadline.
"""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct

from pbx.cdr.cdr import Cdr
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Tenant

# The operator's scope has this for its tenant: `tenants` then lists all of the region. Nothing else takes it.
EVERY_TENANT = "*"

PAGE_MAX = 1000  # records in one question or answer; more are refused

Cursor: TypeAlias = str  # where the next page begins; only its Store understands it


class StoreError(Exception):
    """Any of the below."""


class StoreUnavailable(StoreError):
    """Not now: unreachable, busy, disk full. Whether the change was made is open; making it again is safe."""


class StoreRefused(StoreError):
    """Never: the call contradicts itself (another tenant's record, a page of a million). Trying again is of no use."""


class VersionConflict(StoreError):
    """Somebody else saved meanwhile: show them `found`, and let a person decide."""

    def __init__(self, scope: TenantScope, *, expected: int, found: int) -> None:
        super().__init__(f"{scope} is at version {found}, not {expected}")
        self.scope = scope
        self.expected = expected
        self.found = found


class TenantVersion(Struct, frozen=True):
    """One saved state of a tenant's configuration, with who made it and why."""

    tenant: Tenant  # its own `version` is the one below
    version: int  # 1 for the first
    who: str
    why: str
    at: float  # unix seconds


class CdrPage(Struct, frozen=True):
    """CDRs, newest first. `next` is None on the last page."""

    cdrs: tuple[Cdr, ...]
    next: Cursor | None


class Store(Protocol):
    """See the module."""

    async def tenants(self, scope: TenantScope) -> Sequence[TenantScope]:
        """The tenants with a saved configuration: all of the region for EVERY_TENANT, else at most the scope itself."""

    async def tenant(self, scope: TenantScope, *, version: int | None = None) -> TenantVersion | None:
        """The newest configuration, or that `version`; None if there is none."""

    async def tenant_versions(
        self, scope: TenantScope, *, limit: int = 50, before: int | None = None
    ) -> Sequence[TenantVersion]:
        """Configurations, newest first; those below version `before` where it is given."""

    async def put_tenant(
        self, scope: TenantScope, tenant: Tenant, *, expected_version: int, who: str, why: str, at: float
    ) -> int:
        """Saves a configuration as the version after `expected_version` (0: the first) and returns its number.

        Raises VersionConflict if that version is not the newest. The same call made again returns the same number.
        """

    async def add_cdrs(self, scope: TenantScope, cdrs: Sequence[Cdr]) -> None:
        """Keeps CDRs, all or none. One whose id is known changes nothing: a call has one."""

    async def cdr(self, scope: TenantScope, cdr_id: str) -> Cdr | None:
        """One CDR; None if there is none in this scope."""

    async def cdrs(self, scope: TenantScope, *, limit: int = 50, after: Cursor | None = None) -> CdrPage:
        """CDRs by the start of their call, newest first; `after` is the `next` of the page before.

        Paging skips and repeats nothing that was there when it began, whatever is added meanwhile.
        """
