"""What can be wrong with a description, an offer or an answer; one class per thing that a caller can do about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mediacore.sdp.codec import Codec

SHOWN_MAX = 80  # characters of somebody else's line in a message; the rest tells nobody anything


class SdpError(Exception):
    """The peer's session description cannot be used as it is."""


class BadSdp(SdpError):
    """Not a session description. `line_number` counts from 1; 0 where the text as a whole is at fault."""

    def __init__(self, line_number: int, line: str, reason: str) -> None:
        if line.lstrip().startswith("a=crypto"):
            line = "a=crypto:(hidden)"  # a message goes to logs; a key must not
        where = f"line {line_number}: " if line_number else ""
        what = f": {shown(line)}" if line else ""
        super().__init__(f"{where}{reason}{what}")
        self.line_number = line_number
        self.line = line
        self.reason = reason


class NoCommonCodec(SdpError):
    """No audio stream of the offer can be accepted (SIP answers 488). `reasons` says why, one per offered stream."""

    def __init__(self, offered: Iterable[Codec], ours: Iterable[Codec], reasons: Iterable[str] = ()) -> None:
        self.offered = tuple(offered)
        self.ours = tuple(ours)
        self.reasons = tuple(reasons)
        because = f" ({'; '.join(self.reasons)[: 2 * SHOWN_MAX]})" if self.reasons else ""
        super().__init__(f"offered: {_names(self.offered)}, ours: {_names(self.ours)}{because}")


class BadAnswer(SdpError):
    """The answer does not fit our offer (RFC 3264 6). `media_index` is the m= line meant; None for all of it."""

    def __init__(self, reason: str, media_index: int | None = None) -> None:
        where = "" if media_index is None else f"m= line {media_index + 1}: "
        super().__init__(f"{where}{reason}")
        self.reason = reason
        self.media_index = media_index


def shown(text: str) -> str:
    """As much of a peer's text as belongs into a message; a peer may have sent 64 kB of it."""
    return repr(text[:SHOWN_MAX])


def _names(codecs: Iterable[Codec]) -> str:
    return ", ".join(str(codec) for codec in codecs)[:SHOWN_MAX] or "nothing"
