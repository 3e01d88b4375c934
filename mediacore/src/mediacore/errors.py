"""What can go wrong, by what a caller can do about it. Imports nothing: the native module raises these too."""

from __future__ import annotations

from collections.abc import Iterable


class MediaError(Exception):
    """The engine could not do what it was asked."""


class BadOffer(MediaError):
    """The peer's SDP cannot be used: answer 488. `line` is the line at fault, empty where it is the whole."""

    def __init__(self, line: str, reason: str) -> None:
        super().__init__(f"{reason}: {line!r}" if line else reason)
        self.line = line
        self.reason = reason


class NoCommonCodec(MediaError):
    """No codec of the offer is one of ours: answer 488, or allow more codecs."""

    def __init__(self, offered: Iterable[str], ours: Iterable[str]) -> None:
        self.offered = tuple(offered)
        self.ours = tuple(ours)
        super().__init__(f"offered: {', '.join(self.offered) or 'nothing'}; ours: {', '.join(self.ours) or 'nothing'}")


class PortsExhausted(MediaError):
    """Every port of the range is in use, by us or by other programs: answer 503, or give a wider range."""

    def __init__(self, ports: range) -> None:
        super().__init__(f"every port of {ports.start}-{ports.stop - 1} is in use")
        self.ports = ports


class NoTelephoneEvent(MediaError):
    """No telephone-event was agreed with the peer: digits cannot be sent so. `leg` is the leg's number."""

    def __init__(self, leg: int) -> None:
        super().__init__(f"the peer of leg {leg} takes no telephone-event")
        self.leg = leg


class EngineClosed(MediaError):
    """The engine is closed: open another."""

    def __init__(self) -> None:
        super().__init__("the engine is closed")


class EngineForked(MediaError):
    """The engine belongs to the process that this one was forked off: its threads are there, and go on.

    Open an engine after the fork, or begin processes anew: `multiprocessing.set_start_method("spawn")`.
    """

    def __init__(self) -> None:
        super().__init__(
            "this engine was opened before the process was forked, and its media threads are not in the child: "
            'open an engine here, or begin processes by "spawn" (multiprocessing.set_start_method)'
        )


class LegClosed(MediaError):
    """The leg is closed; `leg` was its number."""

    def __init__(self, leg: int) -> None:
        super().__init__(f"leg {leg} is closed")
        self.leg = leg


class ConferenceClosed(MediaError):
    """The conference is closed; `conference` was its number."""

    def __init__(self, conference: int) -> None:
        super().__init__(f"conference {conference} is closed")
        self.conference = conference


class RoomFull(MediaError):
    """The conference has `max_members`, as many as it may: say so to the caller, or make another with more."""

    def __init__(self, conference: int, max_members: int) -> None:
        super().__init__(f"conference {conference} has {max_members} members, as many as it may")
        self.conference = conference
        self.max_members = max_members


class NotAMember(MediaError):
    """The leg is not in this conference: it left, was bridged, or never came. Both are numbers."""

    def __init__(self, leg: int, conference: int) -> None:
        super().__init__(f"leg {leg} is not in conference {conference}")
        self.leg = leg
        self.conference = conference


class BadAudioFile(MediaError):
    """The file `path` cannot be played, or recorded to; `reason` says why: no such file, not audio, no permission."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
