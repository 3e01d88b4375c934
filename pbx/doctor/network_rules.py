"""Ports and addresses: can phones reach us, and is there room for their audio."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from pbx.config.server import PORTS_PER_CALL
from pbx.doctor.facts import Facts
from pbx.doctor.finding import Finding

WILDCARDS = ("0.0.0.0", "::")

# Addresses that mean something in their own network alone. Not `is_private`: that counts examples in manuals as well.
PRIVATE = tuple(
    ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "fc00::/7")
)


def sip_port(facts: Facts) -> Iterator[Finding]:
    """Can we listen where phones look for us."""
    sip, port = facts.settings.sip, facts.sip_port
    where = f"UDP {sip.host}:{sip.port}"
    match port.state:
        case "free":
            yield Finding("SIP port", "ok", f"{where} is free" if sip.port else f"any free port of {sip.host} will do")
        case "ours":
            yield Finding("SIP port", "ok", f"{where} belongs to the running server")
        case "taken":
            who = f" by {port.holder}" if port.holder else ""
            remedy = f"stop it (`ss -lunp 'sport = :{sip.port}'` shows it), or write another port under [sip]"
            yield Finding("SIP port", "problem", f"{where} is taken{who}", remedy)
        case "refused":
            remedy = "write an address of this machine as host under [sip], and a port above 1023 unless you are root"
            yield Finding("SIP port", "problem", f"{where} cannot be listened on: {port.error}", remedy)


def rtp_ports(facts: Facts) -> Iterator[Finding]:
    """Is there room for the audio of calls_max calls."""
    rtp, calls_max = facts.settings.rtp, facts.settings.limits.calls_max
    first, last = rtp.ports
    where = f"UDP {rtp.address}:{first}-{last}"
    if facts.rtp_ports.address_error:
        remedy = 'write an address of this machine as address under [rtp], or "0.0.0.0" for all'
        yield Finding("RTP ports", "problem", f"{where}: {facts.rtp_ports.address_error}", remedy)
        return
    taken = facts.rtp_ports.taken
    held = (last - first + 1 - (taken or 0)) // PORTS_PER_CALL
    others = "how many are taken is unknown" if taken is None else f"{taken} taken by others" if taken else "all free"
    said = f"{where}: {others}, room for {held} calls (calls_max = {calls_max})"
    if held < 1:
        yield Finding("RTP ports", "problem", said, "write another range under [rtp]: no call has audio")
    elif held < calls_max:
        remedy = f"widen the range under [rtp] to {calls_max * PORTS_PER_CALL} ports, or lower calls_max"
        yield Finding("RTP ports", "advice", said, remedy)
    else:
        yield Finding("RTP ports", "ok", said)


def addresses(facts: Facts) -> Iterator[Finding]:
    """Which of our addresses a phone can use."""
    usable = usable_addresses(facts)
    host = facts.settings.sip.host
    if usable:
        said = f"phones can use {', '.join(usable)} as their server"
        family = "IPv6" if host == "::" else "IPv4"
        yield Finding("addresses", "ok", f"{said} ({family} alone)" if host in WILDCARDS else said)
    elif host in WILDCARDS:
        said = "this machine has no address but loopback's: only phones on it reach the server"
        yield Finding("addresses", "advice", said, "connect it to a network")
    elif is_loopback(host):
        said = f"SIP listens on {host} alone: only phones on this machine reach the server"
        yield Finding("addresses", "advice", said, 'write host = "0.0.0.0" under [sip]')
    else:
        yield Finding("addresses", "ok", f"phones can use {host} as their server")


def nat(facts: Facts) -> Iterator[Finding]:
    """Will phones beyond this network find us, and hear us."""
    advertised, local = facts.settings.advertised_address, facts.addresses.local
    usable = usable_addresses(facts)
    first, last = facts.settings.rtp.ports
    ports = f"UDP {facts.settings.sip.port} and {first}-{last}"
    if advertised is not None and advertised in local:
        yield Finding("NAT", "ok", f"phones are told {advertised}, an address of this machine")
    elif advertised is not None:
        said = f"phones are told {advertised}, which is not this machine's: a router must pass {ports} on to it"
        remedy = f"see that {advertised} is right, and that the router passes these ports on without rewriting SIP"
        yield Finding("NAT", "ok", said, remedy)
    elif not usable:
        yield Finding("NAT", "ok", "no phone reaches this machine from elsewhere, so there is none to get past")
    elif public := [address for address in usable if not is_private(address)]:
        yield Finding("NAT", "ok", f"{', '.join(public)}: not private, so phones anywhere can be told it")
    else:
        said = (
            f"phones are told {usable[0]}, a private address: those of this network find it, others do not. Whether "
            "a router translates it, and to what, is unknown: nobody outside was asked"
        )
        remedy = f"for phones elsewhere: advertised_address = the router's public address, and pass {ports} on"
        yield Finding("NAT", "advice", said, remedy)


def usable_addresses(facts: Facts) -> list[str]:
    """Addresses that a phone on another machine can send SIP to; the one that our packets leave from comes first."""
    host = facts.settings.sip.host
    if host not in WILDCARDS:
        return [address for address in facts.addresses.local if address == host and not is_loopback(address)]
    version = 6 if host == "::" else 4
    sources = (facts.addresses.source, facts.addresses.source_ipv6)
    found = [text for text in facts.addresses.local if ip_address(text).version == version and not is_loopback(text)]
    return sorted(found, key=lambda text: text not in sources)


def is_loopback(host: str) -> bool:
    """127.0.0.1 and its like, by number or by name."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_private(address: str) -> bool:
    """An address that routers of the world do not know."""
    ip = ip_address(address)
    return any(ip in network for network in PRIVATE if network.version == ip.version)
