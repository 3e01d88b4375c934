"""`pbx.toml`: what one server listens on, how much it takes and how long it waits. Says nothing about any tenant."""

import ipaddress
import re
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct, field

from pbx.config.document import Document
from pbx.config.shape import Shape
from pbx.routing.plan import RingSeconds

PORTS_PER_CALL = 4  # two legs, each with RTP and RTCP: a peer need not agree to multiplex them

Port: TypeAlias = Annotated[int, Meta(ge=0, le=65535)]  # 0: any that is free
RtpPort: TypeAlias = Annotated[int, Meta(ge=1024, le=65535)]
Count: TypeAlias = Annotated[int, Meta(ge=1, le=10_000_000)]
Seconds: TypeAlias = Annotated[int, Meta(ge=1, le=86_400, description="seconds")]


class Sip(Struct, frozen=True, kw_only=True):
    """Where SIP is spoken."""

    host: str = "0.0.0.0"  # an address of this machine, or all of them
    port: Port = 5060


class Rtp(Struct, frozen=True, kw_only=True):
    """Where media goes through."""

    address: str = "0.0.0.0"
    ports: tuple[RtpPort, RtpPort] = (20000, 39999)  # first and last; the first one even (RFC 3550 11)


class Web(Struct, frozen=True, kw_only=True):
    """Where the portal and its API are. Passwords travel there: in the clear on this machine only."""

    host: str = "127.0.0.1"
    port: Port = 8080
    allow_plain_http: bool = False  # on other addresses too, as behind a proxy that speaks HTTPS


class Limits(Struct, frozen=True, kw_only=True):
    """What is refused with 503 and Retry-After past it."""

    calls_max: Count = 1_000
    calls_per_s: Count = 100
    registrations_max: Count = 100_000
    registrations_per_s: Count = 2_000
    contacts_max: Annotated[int, Meta(ge=1, le=100)] = 10  # phones of one extension; the oldest gives way
    transactions_max: Count = 50_000


class Timers(Struct, frozen=True, kw_only=True):
    """How long things last, where nothing nearer says otherwise."""

    ring_s: RingSeconds = 30
    register_min_s: Seconds = 60
    register_max_s: Seconds = 3_600
    nonce_s: Seconds = 300


class Log(Struct, frozen=True, kw_only=True):
    """What is logged, on standard error. Keys and passwords never are."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Server(Struct, frozen=True, kw_only=True):
    """All of `pbx.toml`."""

    default_tenant: str  # gets what is sent to the bare address, not to a tenant's domain
    region: str = "local"
    advertised_address: str | None = None  # the address that phones reach us at; None: the one that is bound
    sip: Sip = field(default_factory=Sip)
    rtp: Rtp = field(default_factory=Rtp)
    web: Web = field(default_factory=Web)
    limits: Limits = field(default_factory=Limits)
    timers: Timers = field(default_factory=Timers)
    log: Log = field(default_factory=Log)


_SHAPE = Shape(Server)
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")


def read_server(document: Document) -> Server | None:
    """The typed form; what is wrong is noted in the document. None: not even the tenant to fall back to is known."""
    server = _SHAPE.read(document.data, document.complain)
    if server is not None:
        _check_addresses(server, document)
        _check_ports(server, document)
        _check_web(server.web, document)
        _check_timers(server, document)
    return server


def is_address(text: str) -> bool:
    """Whether this is an IPv4 or IPv6 address, without brackets."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_host(text: str) -> bool:
    """Whether this could be a host's name or address."""
    return is_address(text) or _HOST.fullmatch(text) is not None


def is_loopback(host: str) -> bool:
    """Whether only this machine can speak to `host`."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def _check_addresses(server: Server, document: Document) -> None:
    if not is_host(server.sip.host):
        document.complain(("sip", "host"), f"no host: {server.sip.host!r}", _host_remedy(server.sip.host))
    if not is_address(server.rtp.address):
        document.complain(
            ("rtp", "address"),
            f"no IP address: {server.rtp.address!r}",
            'write one of this machine, or "0.0.0.0" for all',
        )
    advertised = server.advertised_address
    if advertised is None:
        return
    if not is_address(advertised) or ipaddress.ip_address(advertised).is_unspecified:
        document.complain(
            ("advertised_address",),
            f"no IP address that a phone could send to: {advertised!r}",
            "write the address that phones reach this server at",
        )


def _host_remedy(host: str) -> str:
    if ":" in host:
        return "write the port as port = …, and IPv6 addresses without brackets"
    return 'write a name or an address of this machine, or "0.0.0.0" for all'


def _check_ports(server: Server, document: Document) -> None:
    first, last = server.rtp.ports
    path = ("rtp", "ports")
    held = (last - first + 1) // PORTS_PER_CALL
    if last < first:
        document.complain(path, f"the last port, {last}, comes before the first, {first}", f"write [{last}, {first}]")
    elif first % 2:
        remedy = f"begin with an even port, such as {first + 1} (RTP has the even ports, RTCP the odd ones)"
        document.complain(path, f"a range that begins with the odd port {first}", remedy)
    elif held < 1:
        remedy = f"end it at {first + PORTS_PER_CALL - 1} or later: one call needs {PORTS_PER_CALL} ports"
        document.complain(path, f"a range of {last - first + 1} ports", remedy)
    elif held < server.limits.calls_max:
        document.advice.append(
            document.at(path, f"ports for {held} calls, and calls_max = {server.limits.calls_max}", "widen the range")
        )
    if server.sip.port in range(first, last + 1):
        document.complain(
            ("sip", "port"), f"{server.sip.port} is one of the RTP ports {first} to {last}", "keep it out of rtp.ports"
        )


def _check_web(web: Web, document: Document) -> None:
    if not is_host(web.host):
        document.complain(("web", "host"), f"no host: {web.host!r}", _host_remedy(web.host))
    elif not is_loopback(web.host) and not web.allow_plain_http:
        document.complain(
            ("web", "host"),
            f"{web.host!r}, where passwords would travel unencrypted",
            'write "127.0.0.1"; or, where a proxy in front of it speaks HTTPS, allow_plain_http = true',
        )


def _check_timers(server: Server, document: Document) -> None:
    timers = server.timers
    if timers.register_min_s > timers.register_max_s:
        document.complain(
            ("timers", "register_min_s"),
            f"{timers.register_min_s} s, more than register_max_s = {timers.register_max_s}",
            f"write {timers.register_max_s} or less",
        )
