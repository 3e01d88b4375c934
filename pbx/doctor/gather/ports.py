"""UDP and TCP ports: who holds them. Binds and closes; sends nothing."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from pbx.doctor.facts import RtpPorts, SipPort, WebPort

PROC = Path("/proc")
UDP_TABLES = ("/proc/net/udp", "/proc/net/udp6")
TCP_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
LISTENING = "0A"  # a TCP socket's state, as the kernel writes it


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


def see_web_port(host: str, port: int, *, server: int | None, url: str | None) -> WebPort:
    """`url` is where the running server `server` says that its portal is: that counts before what is configured.

    The portal is a child of the server; nobody else has a server for a parent.
    """
    if url is not None and server is not None:
        there = urlsplit(url)
        host, port = there.hostname or host, there.port or port
    else:
        url = None  # what a killed server left
    error = bind_error(host, port, socket.SOCK_STREAM)
    if error is None:
        return WebPort(host, port, "free", url=url)
    if error.errno != errno.EADDRINUSE:
        return WebPort(host, port, "refused", error=error.strerror or str(error), url=url)
    inodes = {inode for held, inode in tcp_listeners() if held == port}
    if server and any(parent_of(pid) == server for pid in _holders(inodes)):
        return WebPort(host, port, "ours", url=url)
    return WebPort(host, port, "taken", holder=_holder(inodes), url=url)


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


def bind_error(host: str, port: int, kind: socket.SocketKind = socket.SOCK_DGRAM) -> OSError | None:
    """Why a socket cannot be bound there; None: it can."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                # As the portal does: connections of before that have not faded yet are in nobody's way.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(address)
    except OSError as error:
        return error
    return None


def udp_sockets() -> Iterator[tuple[int, str]]:
    """Port and inode of every UDP socket of this machine."""
    yield from ((port, inode) for port, _, inode in _rows(UDP_TABLES))


def tcp_listeners() -> Iterator[tuple[int, str]]:
    """Port and inode of every TCP socket of this machine that listens."""
    yield from ((port, inode) for port, state, inode in _rows(TCP_TABLES) if state == LISTENING)


def _rows(tables: tuple[str, ...]) -> Iterator[tuple[int, str, str]]:
    for table in tables:
        with suppress(FileNotFoundError):  # no IPv6
            yield from parse_socket_table(Path(table).read_text())


def parse_socket_table(text: str) -> Iterator[tuple[int, str, str]]:
    """Rows of /proc/net/udp and tcp: number, local address as hex:hex, the remote one, state, …, inode as the tenth."""
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9:
            yield int(fields[1].rpartition(":")[2], 16), fields[3], fields[9]


def socket_inodes(pid: int) -> set[str]:
    """Inodes of a process' sockets. Raises PermissionError where it is another user's."""
    found = set()
    for entry in (PROC / str(pid) / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            target = os.readlink(entry)
            if target.startswith("socket:["):
                found.add(target[len("socket:[") : -1])
    return found


def parent_of(pid: int) -> int | None:
    """A process' parent; None where there is no such process any more."""
    try:
        # "712 (a name, with blanks) S 1 …": the parent is the second field behind the name.
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None


def _holders(inodes: set[str]) -> Iterator[int]:
    """The processes that have one of these sockets, as far as we may see it."""
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):
            if inodes & socket_inodes(int(folder.name)):
                yield int(folder.name)


def _holder(inodes: set[str]) -> str:
    """The first of them in words: "asterisk (process 712)"; "" where none can be seen."""
    for pid in _holders(inodes):
        with suppress(OSError):  # gone meanwhile
            return f"{(PROC / str(pid) / 'comm').read_text().strip()} (process {pid})"
    return ""
