"""Where a message came from and where the answer goes. A value: it can be written down and used by another process."""

from __future__ import annotations

import msgspec


class Flow(msgspec.Struct, frozen=True):
    """One path between us and a peer; addresses are `(host, port)`, an IPv6 host without brackets."""

    transport: str
    local: tuple[str, int]
    remote: tuple[str, int]
    connection: str = ""  # names the connection of a stream transport; empty for UDP
