"""What every call on a seam is made for: a tenant in a region, never a bare tenant id.

A scope names; it grants nothing and looks nothing up. It is hashable, so it can stand in keys.
"""

from msgspec import Struct


class TenantScope(Struct, frozen=True):
    """The tenant, and the region that its data may live in."""

    tenant: str
    region: str = "local"

    def __str__(self) -> str:
        return f"{self.tenant}@{self.region}"
