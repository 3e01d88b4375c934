"""Ports that nobody uses now: so that suites run side by side."""

import random
import socket

FIRST, LAST = 21_000, 31_000  # below the kernel's own choice for outgoing sockets (32768 to 60999)


def free_port_range(count: int, *, host: str = "127.0.0.1") -> range:
    """`count` UDP ports in a row that begin with an even one, none of them bound now."""
    for _ in range(200):
        first = random.randrange(FIRST, LAST - count, 2)
        if all(_is_free(host, port) for port in range(first, first + count)):
            return range(first, first + count)
    raise RuntimeError(f"no {count} free ports in a row between {FIRST} and {LAST}")


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM, *, host: str = "127.0.0.1") -> int:
    """One port, UDP unless `kind` says TCP, that the kernel picks. Somebody else may take it first: that is rare."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def bound_udp_ports() -> set[int]:
    """Every UDP port that some process of this machine has now, as the kernel lists them."""
    with open("/proc/net/udp", encoding="ascii") as table:
        next(table)
        return {int(row.split()[1].rpartition(":")[2], 16) for row in table}
