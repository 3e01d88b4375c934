"""UDP ports: who holds them. Binds and closes; sends nothing."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pbx.doctor.facts import RtpPorts, SipPort

PROC = Path("/proc")
UDP_TABLES = ("/proc/net/udp", "/proc/net/udp6")


def see_sip_port(host: str, port: int, *, server: int | None) -> SipPort:
    """`server` is the process of our own server, None where none runs."""
    error = bind_error(host, port)
    if error is None:
        return SipPort("free")
    if error.errno != errno.EADDRINUSE:
        return SipPort("refused", error=error.strerror or str(error))
    inodes = {inode for held, inode in udp_sockets() if held == port}
    with suppress(OSError):  # another user's server, whose sockets are not ours to see
        if server and inodes & socket_inodes(server):
            return SipPort("ours")
    return SipPort("taken", holder=_holder(inodes))


def see_rtp_ports(address: str, ports: tuple[int, int], *, server: int | None) -> RtpPorts:
    """Counts what is bound in the range, on any address, and not by our server."""
    error = bind_error(address, 0)
    if error is not None:
        return RtpPorts(error.strerror or str(error))
    try:
        ours = socket_inodes(server) if server else set()
        bound = {port for port, inode in udp_sockets() if ports[0] <= port <= ports[1] and inode not in ours}
    except OSError:  # another user's server, whose sockets are not ours to see
        return RtpPorts()
    return RtpPorts(taken=len(bound))


def bind_error(host: str, port: int) -> OSError | None:
    """Why a UDP socket cannot be bound there; None: it can."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, kind) as probe:
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(address)
    except OSError as error:
        return error
    return None


def udp_sockets() -> Iterator[tuple[int, str]]:
    """Port and inode of every UDP socket of this machine."""
    for table in UDP_TABLES:
        with suppress(FileNotFoundError):  # no IPv6
            yield from parse_udp_table(Path(table).read_text())


def parse_udp_table(text: str) -> Iterator[tuple[int, str]]:
    """Rows of /proc/net/udp: number, local address as hex:hex, …, inode as the tenth field."""
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9:
            yield int(fields[1].rpartition(":")[2], 16), fields[9]


def socket_inodes(pid: int) -> set[str]:
    """Inodes of a process' sockets. Raises PermissionError where it is another user's."""
    found = set()
    for entry in (PROC / str(pid) / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            target = os.readlink(entry)
            if target.startswith("socket:["):
                found.add(target[len("socket:[") : -1])
    return found


def _holder(inodes: set[str]) -> str:
    """The process that has one of these sockets, where we may see it: "asterisk (process 712)"."""
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):
            if inodes & socket_inodes(int(folder.name)):
                return f"{(folder / 'comm').read_text().strip()} (process {folder.name})"
    return ""
