"""`tenants/NAME.toml`: one tenant's domains, extensions and plan, as people write them.

Clear passwords and PINs are refused: a digest (HA1, RFC 7616 3.4.2) is all that a registrar needs, and a hash all that
a mailbox does.
"""

import re
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from pbx.config.document import Document
from pbx.config.server import is_host
from pbx.config.shape import Shape
from pbx.routing.lint import lint
from pbx.routing.plan import Node, NodeName, Plan, PlanTest, RejectNode, RingSeconds
from pbx.routing.spelling import did_you_mean
from pbx.routing.time_zone import UnknownTimeZone, time_zone
from pbx.routing.trial import OUTCOMES, missed, moment, outcome
from pbx.security.pin import is_pin_hash
from pbx.tenants.tenant import Extension, SrtpUse, Tenant, VoicemailBox

HA1_DIGITS = {"MD5": 32, "SHA-256": 64, "SHA-512-256": 64}  # hexadecimal digits by algorithm, RFC 7616 and 8760
_NUMBER = re.compile(r"[0-9*#]{1,20}")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]*")


class VoicemailTable(Struct, frozen=True, kw_only=True):
    """`[extensions.101.voicemail]`"""

    pin_hash: str


class ExtensionTable(Struct, frozen=True, kw_only=True):
    """`[extensions.101]`"""

    name: str = ""
    ha1: Annotated[dict[str, str], Meta(description="MD5 or SHA-256 = the digest of NUMBER:REALM:PASSWORD")]
    ring_s: RingSeconds | None = None
    voicemail: VoicemailTable | None = None
    srtp: SrtpUse | None = None


class TenantTables(Struct, frozen=True, kw_only=True):
    """The whole file."""

    domains: tuple[str, ...] = ()
    realm: str | None = None  # None: the first domain, or else the tenant's name
    digest_algorithms: Annotated[tuple[Literal["MD5", "SHA-256"], ...], Meta(min_length=1)] | None = None
    time_zone: str = "UTC"
    language: Literal["en", "pl"] = "en"
    srtp: SrtpUse = "off"
    ring_s: RingSeconds | None = None  # None: the server's
    extensions: dict[str, ExtensionTable] = field(default_factory=dict)
    numbers: dict[str, NodeName] = field(default_factory=dict)
    nodes: dict[NodeName, Node] = field(default_factory=dict)
    tests: tuple[Any, ...] = ()  # each read by itself, so that one mistake does not hide the next


_SHAPE = Shape(
    TenantTables,
    remedies={
        "password": "passwords are never kept: write ha1.SHA-256 = the digest of NUMBER:REALM:PASSWORD",
        "pin": "PINs are never kept: write pin_hash = what `pbx pin` prints",
    },
)
_TEST_SHAPE = Shape(PlanTest)


def read_tenant(name: str, document: Document, ring_s: int) -> Tenant:
    """The tenant, as far as it could be read; what is wrong is noted in the document. `ring_s` is the server's."""
    if not is_tenant_name(name):
        document.complain((), f"a tenant named {name!r}", "name the file with small letters, digits and hyphens")
    tables = _SHAPE.read(document.data, document.complain) or TenantTables()
    domains = tuple(domain.lower() for domain in tables.domains)
    _check_domains(tables.domains, document)
    zone = tables.time_zone if _is_time_zone(tables.time_zone, document) else "UTC"
    tenant = Tenant(
        name=name,
        domains=domains,
        realm=tables.realm or next(iter(domains), name),
        digest_algorithms=tables.digest_algorithms,
        time_zone=zone,
        language=tables.language,
        srtp=tables.srtp,
        extensions=_extensions(tables, document),
        plan=_plan(tables, document, ring_s),
    )
    _check_plan(tenant, document)
    return tenant


def is_tenant_name(name: str) -> bool:
    """Whether a tenant may be called so: it names a file, a scope and a part of addresses."""
    return _NAME.fullmatch(name) is not None


def _check_domains(domains: tuple[str, ...], document: Document) -> None:
    for i, domain in enumerate(domains):
        if not is_host(domain):
            remedy = "write the part after the @ alone, as in pbx.example.org"
            document.complain(("domains", i), f"no domain: {domain!r}", remedy)
        elif domain.lower() in (earlier.lower() for earlier in domains[:i]):
            document.complain(("domains", i), f"the domain {domain!r} a second time", "remove it")


def _is_time_zone(name: str, document: Document) -> bool:
    try:
        time_zone(name)
    except UnknownTimeZone as unknown:
        document.complain(("time_zone",), unknown.read, unknown.remedy)
        return False
    return True


def _extensions(tables: TenantTables, document: Document) -> dict[str, Extension]:
    extensions = {}
    for number in _named(document, "extensions"):
        if not _NUMBER.fullmatch(number):
            document.complain(("extensions", number), f"no extension's number: {number!r}", "use up to 20 digits")
        table = tables.extensions.get(number)
        if table is not None:
            ha1 = {algorithm: digest.lower() for algorithm, digest in table.ha1.items()}
            _check_ha1(number, ha1, document)
            _check_algorithms(number, ha1, tables.digest_algorithms or (), document)
            box = _voicemail(number, table.voicemail, document)
            extensions[number] = Extension(number, table.name, ha1, table.ring_s, box, table.srtp)
        else:  # complained of already; others may still name it
            extensions[number] = Extension(number)
    return extensions


def _voicemail(number: str, table: VoicemailTable | None, document: Document) -> VoicemailBox | None:
    if table is None:
        return None
    if not is_pin_hash(table.pin_hash):
        remedy = "`pbx pin` asks for a PIN and prints the line to write here"
        document.complain(("extensions", number, "voicemail", "pin_hash"), "no hash of a PIN", remedy)
    return VoicemailBox(table.pin_hash)


def _check_algorithms(number: str, ha1: dict[str, str], wanted: tuple[str, ...], document: Document) -> None:
    for algorithm in wanted:
        if ha1 and algorithm not in ha1:
            document.complain(
                ("extensions", number, "ha1"),
                f"no {algorithm} digest, and digest_algorithms says that its phones are challenged with it",
                f"add {algorithm} = the digest of NUMBER:REALM:PASSWORD, or take it out of digest_algorithms",
            )


def _check_ha1(number: str, ha1: dict[str, str], document: Document) -> None:
    path = ("extensions", number, "ha1")
    if not ha1:
        document.complain(path, "no digest", "add SHA-256 = the digest of NUMBER:REALM:PASSWORD")
    for algorithm, digest in ha1.items():
        digits = HA1_DIGITS.get(algorithm)
        if digits is None:
            document.complain(
                (*path, algorithm), f"no digest algorithm {algorithm!r}", did_you_mean(algorithm, HA1_DIGITS)
            )
        elif not _HEXADECIMAL.fullmatch(digest):
            document.complain(
                (*path, algorithm), "a digest that is not hexadecimal", "use the digits 0-9 and a-f alone"
            )
        elif len(digest) != digits:
            document.complain(
                (*path, algorithm), f"a digest of {len(digest)} digits", f"{algorithm} has {digits} hexadecimal digits"
            )


def _plan(tables: TenantTables, document: Document, ring_s: int) -> Plan:
    broken: dict[NodeName, Node] = {name: RejectNode() for name in _named(document, "nodes")}
    return Plan(
        numbers=tables.numbers,
        nodes={**broken, **tables.nodes},  # a node that could not be read still exists for those that name it
        extensions={
            number: table.ring_s if (table := tables.extensions.get(number)) else None
            for number in _named(document, "extensions")
        },
        ring_s=tables.ring_s or ring_s,
        tests=_tests(tables.tests, document),
    )


def _tests(tables: tuple[Any, ...], document: Document) -> tuple[PlanTest, ...]:
    tests = (_TEST_SHAPE.read(table, document.complain, ("tests", i)) for i, table in enumerate(tables))
    return tuple(test for test in tests if test is not None)


def _check_plan(tenant: Tenant, document: Document) -> None:
    for name in tenant.plan.nodes:
        if not name.strip():
            document.complain(("nodes", name), "a node without a name", "give it one")
    for finding in lint(tenant.plan):
        document.add(finding)
    is_sound = not document.mistakes
    for i, test in enumerate(tenant.plan.tests):
        if _test_can_run(i, test, tenant, document) and is_sound:
            said = missed(tenant.plan, test, tenant.time_zone)
            if said is not None:
                document.complain(("tests", i), said, "change the plan, or what the test expects")


def _test_can_run(i: int, test: PlanTest, tenant: Tenant, document: Document) -> bool:
    before = len(document.mistakes)
    path = ("tests", i, "call")
    if test.call.at:
        try:
            moment(test.call.at, tenant.time_zone)
        except (ValueError, OverflowError):
            document.complain((*path, "at"), f"no time: {test.call.at!r}", 'write it as "2026-11-28T19:00"')
    for j, name in enumerate(test.call.outcomes):
        try:
            outcome(name)
        except ValueError as error:
            document.complain((*path, "outcomes", j), str(error), did_you_mean(name, OUTCOMES))
    return len(document.mistakes) == before


def _named(document: Document, table: str) -> list[str]:
    """The keys of a table as written, those of entries that could not be read among them."""
    value = document.data.get(table)
    return list(value) if isinstance(value, dict) else []
