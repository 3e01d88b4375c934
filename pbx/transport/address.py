"""Which of this machine's addresses a peer sees: what Via, Contact and SDP name when a socket is bound to all."""

import ipaddress
import socket
from functools import lru_cache

WILDCARDS = frozenset({"0.0.0.0", "::"})
ROUTES_MAX = 4096  # peers remembered; beyond, the one unused for longest is looked up anew (a connect(), no packet)
_ADDRESS_LENGTH_MAX = 64  # characters: the longest IPv6 address (45), brackets, and a zone as long as Linux has them


def local_address_towards(remote_host: str, *, bound: str) -> str:
    """The address that packets to `remote_host` leave from, for a socket bound to `bound`.

    Asks the kernel's routing table only where `bound` is a wildcard. Where there is no route, the loopback address.
    """
    if bound not in WILDCARDS:
        return bound
    try:
        return _routed_address(remote_host)
    except OSError:  # not remembered: a route may come
        return "::1" if ":" in remote_host else "127.0.0.1"


@lru_cache(maxsize=ROUTES_MAX)
def _routed_address(remote_host: str) -> str:
    family = socket.AF_INET6 if ":" in remote_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((remote_host, 9))  # connecting a datagram socket sends nothing
        return str(probe.getsockname()[0])


def is_ip_address(host: str) -> bool:
    """Whether `host` is a literal address, IPv6 with or without brackets."""
    return len(host) <= _ADDRESS_LENGTH_MAX and _is_ip_address(host)


@lru_cache(maxsize=ROUTES_MAX)  # asked of the same phones for every agreement of every call
def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
