"""Reads a data folder's configuration as a whole: all of it, or every mistake in it.

    pbx.toml             the server
    tenants/NAME.toml    one tenant each

Nothing is started, written or looked up; a server that got a `Config` needs no further check of it.
"""

import stat
from dataclasses import dataclass
from pathlib import Path

from pbx.config.document import Document, read
from pbx.config.mistake import ConfigMistakes, Mistake
from pbx.config.server import Server, Timers, read_server
from pbx.config.tenant_file import read_tenant
from pbx.routing.spelling import did_you_mean
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Tenant

SERVER_FILE = "pbx.toml"
TENANTS_FOLDER = "tenants"


@dataclass(frozen=True)
class Config:
    """A whole configuration, checked. `advice` is what works and is probably not meant."""

    folder: Path
    server: Server
    tenants: dict[str, Tenant]  # by name
    domains: dict[str, str]  # SIP domain, lower case → tenant's name
    advice: tuple[Mistake, ...] = ()

    @property
    def default_tenant(self) -> Tenant:
        """The tenant that a request to the bare address is for."""
        return self.tenants[self.server.default_tenant]

    def scope(self, tenant: str) -> TenantScope:
        """The scope to name this tenant by on every seam."""
        return TenantScope(tenant, self.server.region)


def load(folder: Path) -> Config:
    """The configuration in a data folder. Raises ConfigMistakes with all mistakes of all files."""
    server_document = read(folder, SERVER_FILE)
    server = read_server(server_document) if not server_document.mistakes else None
    timers = Timers() if server is None else server.timers
    documents = {Path(file).stem: read(folder, file) for file in _tenant_files(folder)}
    tenants = {
        name: read_tenant(name, document, timers.ring_s)
        for name, document in documents.items()
        if not document.mistakes
    }
    domains = _domains(tenants, documents)
    if server is not None:
        _check_default_tenant(server, documents, server_document)
    everything = [server_document, *documents.values()]
    mistakes = [mistake for document in everything for mistake in sorted(document.mistakes, key=lambda m: m.line)]
    if mistakes or server is None:
        raise ConfigMistakes(mistakes)
    advice = [advice for document in everything for advice in document.advice]
    return Config(folder, server, tenants, domains, (*_open_to_others(folder, documents), *advice))


def _tenant_files(folder: Path) -> list[str]:
    # Editors leave .name.toml.swp and name.toml~ beside what they edit; hidden files are nobody's tenant.
    found = sorted(path.name for path in (folder / TENANTS_FOLDER).glob("*.toml") if not path.name.startswith("."))
    return [f"{TENANTS_FOLDER}/{name}" for name in found]


def _domains(tenants: dict[str, Tenant], documents: dict[str, Document]) -> dict[str, str]:
    domains: dict[str, str] = {}
    for name, tenant in tenants.items():
        for i, domain in enumerate(tenant.domains):
            owner = domains.setdefault(domain, name)
            if owner != name:
                read = f"the domain {domain!r}, which belongs to tenant {owner!r}"
                documents[name].complain(("domains", i), read, f"remove it here, or from {documents[owner].file}")
    return domains


def _check_default_tenant(server: Server, documents: dict[str, Document], document: Document) -> None:
    name = server.default_tenant
    if name not in documents:
        remedy = did_you_mean(name, documents, otherwise=f"write {TENANTS_FOLDER}/{name}.toml")
        document.complain(("default_tenant",), f"no tenant named {name!r}", remedy)


def _open_to_others(folder: Path, documents: dict[str, Document]) -> list[Mistake]:
    """Digests are as good as passwords to whoever reads them."""
    return [
        document.at((), "other users of this machine may read it", f"chmod 600 {folder / document.file}")
        for document in documents.values()
        if (folder / document.file).stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    ]
