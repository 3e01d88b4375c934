"""The wall clock: whether something keeps it right, and whether it jumps while we look."""

import ctypes
import time
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from pbx.doctor.facts import Clock

UNSYNCHRONISED = 0x0040  # STA_UNSYNC in Linux' timex.h


class _Timex(ctypes.Structure):
    """The beginning of Linux' `struct timex`; the kernel fills in more than is read here."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),  # microseconds
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


class ClockWatch:
    """Begins to watch when it is made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._apart = time.time() - self._began

    def see(self, zones: Iterable[str]) -> Clock:
        """What was seen since then."""
        now = time.monotonic()
        moved_s = (time.time() - now) - self._apart
        timex = _adjtimex()
        return Clock(
            is_synchronised=None if timex is None else not timex.status & UNSYNCHRONISED,
            error_ms=None if timex is None else timex.maxerror / 1000,
            moved_ms=moved_s * 1000,
            watched_s=now - self._began,
            zones_missing=tuple(sorted({zone for zone in zones if not _is_known(zone)})),
        )


def _adjtimex() -> _Timex | None:
    """Reads the kernel's clock discipline (modes 0 changes nothing)."""
    timex = _Timex()
    try:
        result = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):  # no such call in this C library
        return None
    return None if result < 0 else timex


def _is_known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, OSError, ValueError):  # not there (ZoneInfoNotFoundError), a folder, no name of a zone
        return False
    return True
