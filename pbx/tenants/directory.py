"""Which tenant a request is for: the SIP domain decides, and the bare address means the default tenant. Pure."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Tenant


class TenantDirectory:
    """One immutable snapshot of all tenants; a change of configuration makes a new one."""

    def __init__(self, tenants: Iterable[Tenant], *, default: str, region: str = "local") -> None:
        self._tenants = {tenant.name: tenant for tenant in tenants}
        self._by_domain = {domain: tenant for tenant in self._tenants.values() for domain in tenant.domains}
        self._algorithms = {tenant.name: _common_algorithms(tenant) for tenant in self._tenants.values()}
        self._default = default
        self._region = region

    def __iter__(self) -> Iterator[Tenant]:
        return iter(self._tenants.values())

    def named(self, name: str) -> Tenant | None:
        """The tenant of that name."""
        return self._tenants.get(name)

    def for_host(self, host: str) -> Tenant | None:
        """The tenant that a Request-URI's host names; None for a domain that is nobody's here."""
        tenant = self._by_domain.get(host.lower().rstrip("."))
        if tenant is None and _is_bare_address(host):
            tenant = self._tenants.get(self._default)
        return tenant

    def algorithms(self, tenant: Tenant) -> frozenset[str]:
        """The digest algorithms to challenge with: the tenant's choice, or all that its extensions have HA1s for.

        A phone answers the strongest challenge that it knows: one that its extension cannot meet would shut it out.
        """
        return self._algorithms[tenant.name]

    def scope(self, tenant: Tenant) -> TenantScope:
        """What calls on the seams are made for."""
        return TenantScope(tenant.name, self._region)


def _common_algorithms(tenant: Tenant) -> frozenset[str]:
    if tenant.digest_algorithms is not None:
        return frozenset(tenant.digest_algorithms)
    sets = [frozenset(extension.ha1) for extension in tenant.extensions.values()]
    return frozenset.intersection(*sets) or frozenset.union(*sets) if sets else frozenset()


def _is_bare_address(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
