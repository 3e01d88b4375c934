"""The addresses of this machine, as the kernel lists them under /proc/net."""

import re
import socket
from ipaddress import IPv6Address
from pathlib import Path

from pbx.doctor.facts import Addresses

FIB_TRIE = Path("/proc/net/fib_trie")
IF_INET6 = Path("/proc/net/if_inet6")

_LOCAL_IPV4 = re.compile(r"\|-- ([0-9.]+)\n\s+/32 host LOCAL")
_LINK = "20"  # the scope of link-local addresses: of no use without the name of an interface

# Documentation addresses (RFC 5737, RFC 3849): asked for a route to them the kernel tells the default one's.
_WORLD = (("203.0.113.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))


def see_addresses() -> Addresses:
    """All addresses, and those that packets to the world would leave from; sends none."""
    source, source_ipv6 = (_source(address, family) for address, family in _WORLD)
    return Addresses((*local_ipv4(_read(FIB_TRIE)), *local_ipv6(_read(IF_INET6))), source, source_ipv6)


def local_ipv4(fib_trie: str) -> list[str]:
    """Addresses of this machine in the kernel's routing table, each once."""
    return list(dict.fromkeys(_LOCAL_IPV4.findall(fib_trie)))


def local_ipv6(if_inet6: str) -> list[str]:
    """Addresses in the kernel's list of interfaces: address, index, prefix, scope, flags, name."""
    rows = (line.split() for line in if_inet6.splitlines())
    return [str(IPv6Address(bytes.fromhex(row[0]))) for row in rows if len(row) == 6 and row[3] != _LINK]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""  # without IPv6 the kernel has no such file


def _source(address: str, family: socket.AddressFamily) -> str | None:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])
