"""Messages out of a byte stream, by Content-Length (RFC 3261 18.3). Holds no socket; bytes in, messages out.

| state | meaning |
|---|---|
| open | octets are collected until a message is whole |
| broken | the end of a message cannot be known (no Content-Length, a head too long): close the connection |

Line ends between messages are keepalives (RFC 5626 4.4.1): two in a row are a ping, counted for the owner to answer.
"""

from __future__ import annotations

import re

from pbx.sip._scan import SIZE_MAX, scan
from pbx.sip.errors import BadMessage, LocalProtocolError
from pbx.sip.message import Request, Response
from pbx.sip.parse import parse_message

_EMPTY_LINE = re.compile(rb"\n\r?\n")
_LINE_ENDS = re.compile(rb"[\r\n]*")
_PING = b"\r\n\r\n"


class StreamFramer:
    """Collects what a connection delivers, however it was cut. No message may be longer than SIZE_MAX octets."""

    def __init__(self) -> None:
        self.is_broken = False
        self._waiting = bytearray()
        self._searched = 0  # before this no empty line starts
        self._needed: int | None = None  # octets of the message whose head is known
        self._pings = 0

    def feed(self, data: bytes) -> None:
        """Takes the next octets. Raises LocalProtocolError once the stream is broken."""
        if self.is_broken:
            raise LocalProtocolError("fed after the stream was broken")
        self._waiting += data

    def next_message(self) -> Request | Response | None:
        """The next whole message, None where more octets are needed.

        Raises BadMessage for one that is bad; where `is_broken` is then true, no further message can be found.
        """
        if self.is_broken:
            return None
        if self._needed is None and not self._find_head():
            return None
        assert self._needed is not None, "the head was found"
        if len(self._waiting) < self._needed:
            return None
        message = bytes(self._waiting[: self._needed])
        del self._waiting[: self._needed]
        self._searched, self._needed = 0, None
        return parse_message(message, stream=True)

    def take_pings(self) -> int:
        """How many pings came since this was last asked; each wants one CRLF as its pong."""
        pings, self._pings = self._pings, 0
        return pings

    def _find_head(self) -> bool:
        if self._searched == 0 and not self._drop_line_ends():
            return False
        found = _EMPTY_LINE.search(self._waiting, self._searched)
        if found is None:
            self._searched = max(0, len(self._waiting) - 2)
            if len(self._waiting) > SIZE_MAX:
                raise self._break(f"no end of the headers in {SIZE_MAX} octets")
            return False
        self._needed = found.end() + self._content_length(bytes(self._waiting[: found.end()]))
        return True

    def _drop_line_ends(self) -> bool:
        """Takes the keepalives off the front; whether a message starts there now."""
        found = _LINE_ENDS.match(self._waiting)
        length = found.end() if found else 0
        if length == len(self._waiting):
            length -= length % len(_PING)  # half a ping waits for its other half
        self._pings += bytes(self._waiting[:length]).count(_PING)
        del self._waiting[:length]
        return bool(self._waiting) and self._waiting[0] not in b"\r\n"

    def _content_length(self, head: bytes) -> int:
        scanned = scan(head)
        length = scanned.content_length
        if length < 0:
            raise self._break("no Content-Length that can be read")
        if len(head) + length > SIZE_MAX:
            raise self._break(f"{len(head) + length} octets are more than {SIZE_MAX}", status_hint=513)
        return length

    def _break(self, reason: str, status_hint: int = 400) -> BadMessage:
        """The stream is lost; what can be read of the head goes into the error, so that it can still be answered."""
        self.is_broken = True
        head = bytes(self._waiting[:SIZE_MAX])
        self._waiting.clear()
        try:
            message: Request | Response | None = parse_message(head, stream=True)
        except BadMessage as bad:
            message = bad.message
        return BadMessage(reason, status_hint=status_hint, message=message)
