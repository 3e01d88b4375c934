"""rtpengine as a relay: its command line, and calls set up by its ng protocol (a cookie and a bencoded dictionary)."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Sequence

from bench.media.generator import Address
from bench.media.phone_sdp import media_address, phone_sdp

NG = ("127.0.0.1", 22_722)
ANSWER_S = 2.0
START_S = 20.0

Value = bytes | int | list["Value"] | dict[bytes, "Value"]


def rtpengine_options(*, threads: int) -> list[str]:
    """User space alone (no table), a thread for each core as its manual advises, everything else as it comes."""
    return [
        "--config-file=none",
        "--foreground",
        "--log-stderr",
        "--log-level=4",
        "--interface=127.0.0.1",
        f"--listen-ng={NG[0]}:{NG[1]}",
        "--table=-1",
        f"--num-threads={threads}",
        "--port-min=28000",
        "--port-max=33000",
    ]


def rtpengine_calls(phones: Sequence[Address]) -> list[Address]:
    """Two phones in turn are a call; where each is to send."""
    targets: list[Address] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.connect(NG)
        client = NgClient(wire)
        client.wait_alive()
        for call, (caller, callee) in enumerate(zip(phones[::2], phones[1::2], strict=True)):
            tags: dict[bytes, Value] = {b"call-id": b"call-%d" % call, b"from-tag": b"caller", b"replace": [b"origin"]}
            offered = client.ask({b"command": b"offer", b"sdp": phone_sdp(caller), **tags})
            tags[b"to-tag"] = b"callee"
            answered = client.ask({b"command": b"answer", b"sdp": phone_sdp(callee), **tags})
            # What the callee is offered is where the callee sends; what the caller is answered, where the caller does.
            targets += [_media(answered), _media(offered)]
    return targets


class NgClient:
    """One question at a time, asked again while nobody answers."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self._cookies = itertools.count()

    def wait_alive(self) -> None:
        """Until it answers a ping."""
        ends_at = time.monotonic() + START_S
        while True:
            try:
                self.ask({b"command": b"ping"})
            except (ConnectionRefusedError, TimeoutError):
                if time.monotonic() > ends_at:
                    raise
                time.sleep(0.1)
            else:
                return

    def ask(self, question: dict[bytes, Value]) -> dict[bytes, Value]:
        """The answer; raises RuntimeError with the words of one that is an error."""
        cookie = b"%d " % next(self._cookies)
        self._wire.settimeout(ANSWER_S)
        self._wire.send(cookie + bencode(question))
        while not (datagram := self._wire.recv(65_535)).startswith(cookie):
            pass  # to an earlier question, which was given up
        answer = bdecode(datagram[len(cookie) :])
        if not isinstance(answer, dict) or answer.get(b"result") not in (b"ok", b"pong"):
            raise RuntimeError(f"rtpengine answered {answer!r}")
        return answer


def bencode(value: Value) -> bytes:
    """As BitTorrent writes values (BEP 3)."""
    match value:
        case bytes():
            return b"%d:%s" % (len(value), value)
        case int():
            return b"i%de" % value
        case list():
            return b"l" + b"".join(map(bencode, value)) + b"e"
        case dict():
            return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"


def bdecode(data: bytes) -> Value:
    """The inverse; raises ValueError where it is cut off or goes on."""
    value, end = _decode(data, 0)
    if end != len(data):
        raise ValueError(f"{len(data) - end} octets after the value")
    return value


def _decode(data: bytes, at: int) -> tuple[Value, int]:
    kind = data[at : at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    if kind in (b"l", b"d"):
        items: list[Value] = []
        at += 1
        while data[at : at + 1] != b"e":
            item, at = _decode(data, at)
            items.append(item)
        return items if kind == b"l" else _dictionary(items), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    if not colon < end <= len(data):
        raise ValueError("a string goes past the end")
    return data[colon + 1 : end], end


def _dictionary(items: list[Value]) -> dict[bytes, Value]:
    found: dict[bytes, Value] = {}
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, bytes):
            raise ValueError(f"no key: {key!r}")
        found[key] = value
    return found


def _media(answer: dict[bytes, Value]) -> Address:
    sdp = answer[b"sdp"]
    assert isinstance(sdp, bytes)
    return media_address(sdp)
