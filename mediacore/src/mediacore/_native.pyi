"""The native module, as mypy sees it: numbers and rows; `mediacore` gives them names and values.

Written by hand and compared with the module in tests. Every call that reaches a media thread releases the GIL and
waits for its answer, as a rule some tens of microseconds and at most two seconds.
"""

from collections.abc import Sequence
from os import PathLike
from typing import Any, final

import numpy as np
import numpy.typing as npt

_Address = tuple[str, int]
_Format = tuple[int, str, int]
_Step = tuple[list[tuple[float, float]], int | None]
_SrtpKey = tuple[str, bytes, bytes, int | None]
_SrtpStream = tuple[int, int | None, int | None]

STATS_COLUMNS: list[str]
"""Names of the columns of a row of figures."""

STATS_FORMAT: str
"""How to unpack a row, for `struct`."""

def version() -> str:
    """The engine's version, the same as the wheel's."""

def derived_stats(row: bytes) -> tuple[float, float, float, float]:
    """What is reckoned from a row: MOS here, MOS at the peer, one-way delay in ms, part concealed; NaN: not known."""

@final
class LegParams:
    """An agreement, checked and converted once. Raises ValueError for what is no address, codec or direction."""

    def __new__(
        cls,
        *,
        remote: _Address | None,
        remote_rtcp: _Address | None,
        signalling_host: str | None,
        accept_any_source: bool,
        formats: Sequence[_Format],
        receive_formats: Sequence[_Format],
        direction: str,
        ptime_ms: int,
        opus: tuple[int, int, bool, bool, bool, int],
        rtcp_mux: bool,
        srtp: tuple[_SrtpKey, Sequence[_SrtpKey]] | None,
        send_silence: bool,
        media_timeout_s: float | None,
        report_every_ms: int | None,
        in_band_digits: bool,
        hide_digits: bool,
    ) -> LegParams: ...

@final
class Conference:
    """Who is in one conference, and how."""

    def __new__(cls, engine: Engine, members_max: int, loudest: int | None, near: int | None) -> Conference: ...
    def id(self) -> int:
        """Its number."""

    def close(self) -> None:
        """Ends it; its members stay open."""

    def join(self, leg: int, muted: bool, deaf: bool, gain_db: float) -> None:
        """Lets a leg hear and be heard by the members; gives other options to one who is in it."""

    def leave(self, leg: int) -> None:
        """Lets a member hear nobody; one that is not in it needs nothing."""

    def change(self, leg: int, muted: bool | None, deaf: bool | None, gain_db: float | None) -> None:
        """Changes what is wished for a member; None leaves it as it is."""

    def members(self) -> list[tuple[int, bool, bool, float]]:
        """Who is in it: leg, muted, deaf, gain in decibels."""

    def stats(self) -> dict[str, int]:
        """Its figures, by name."""

@final
class Engine:
    """Media threads and their legs, by number."""

    def __new__(cls, address: str, first_port: int, end_port: int, threads: int | None, dscp: int = 0) -> Engine: ...
    def open_leg(
        self,
        params: LegParams,
        *,
        port: int | None = None,
        descriptors: tuple[int, int | None] | None = None,
        near: int | None = None,
    ) -> tuple[int, _Address, _Address]:
        """Opens a leg: its number, where it takes RTP, where it takes RTCP."""

    def close_leg(self, leg: int) -> None:
        """Says goodbye and gives the ports back; they are free when this returns."""

    def update_leg(self, leg: int, params: LegParams) -> None:
        """Replaces the agreement; numbering goes on."""

    def bridge(self, a: int, b: int) -> int:
        """Lets two legs hear each other and nobody else; a leg and itself is an echo. The bridge's number."""

    def close_bridge(self, bridge: int) -> None:
        """Ends a bridge."""

    def mute(self, leg: int, send: bool | None, receive: bool | None) -> None:
        """Mutes what the peer hears (send) and what others hear of it (receive); None leaves it as it is."""

    def play_tone(self, place: int, hz: float, level_dbfs: float, duration_ms: int | None) -> int:
        """Plays a sine to a leg or a conference; the sound's number."""

    def play_cadence(self, place: int, steps: Sequence[_Step], repeat_from: int | None) -> int:
        """Plays steps of tones: for each its frequencies with their levels, its milliseconds; the sound's number."""

    def play_files(
        self,
        place: int,
        paths: Sequence[str | PathLike[str]],
        rounds: int | None,
        start_ms: int,
        gain_db: float,
    ) -> tuple[int, Player]:
        """Plays files one after the other; the sound's number. Opens the first here and reads a little of it."""

    def record(self, place: int, path: str | PathLike[str], options: RecordOptions) -> tuple[int, Recorder]:
        """Records both directions into a file, which is replaced if it exists; the number, and the recording."""

    def pause_recorder(self, recorder: int) -> None:
        """Leaves out what is heard from now on, or lets it be silence, as its options say."""

    def resume_recorder(self, recorder: int) -> None:
        """Records again."""

    def close_recorder(self, place: int, recorder: int) -> None:
        """Ends a recording; its file is whole when this returns."""

    def play_source(self, place: int, rate_hz: int, buffer_ms: int) -> tuple[int, Source]:
        """Plays what is written to the source; the sound's number, and the source."""

    def send_digits(self, leg: int, digits: str, duration_ms: int, gap_ms: int) -> int:
        """Sends digits as telephone-events; the number of what is being sent."""

    def press(self, leg: int, digit: str, duration_ms: int) -> None:
        """Tells of a digit that came by the signalling."""

    def stop_sound(self, place: int, sound: int) -> bool:
        """Stops a sound or digits; true when there was still something to stop."""

    def tap(self, place: int, sent: bool, frames_max: int, rate_hz: int) -> tuple[int, Tap]:
        """Copies what the peer is sent, or says, in frames of 20 ms, at this rate; the tap's number, and the tap."""

    def close_tap(self, place: int, tap: int) -> None:
        """Ends a tap."""

    def watch_tones(self, leg: int, frequencies_hz: Sequence[float]) -> None:
        """Watches for these tones and no others in what the peer says."""

    def poll_events(self) -> list[tuple[Any, ...]]:
        """All events since the last time: name of the class, the leg's or the conference's number, the other fields."""

    def wait_events(self, timeout_s: float) -> bool:
        """Waits for an event; false when the time is over, or a signal came."""

    def fileno(self) -> int:
        """A descriptor that is readable while events wait."""

    def leg_stats(self, leg: int) -> bytes:
        """One leg's row of figures."""

    def all_leg_stats(self) -> memoryview:
        """The rows of all legs, one after the other, as octets that do not change."""

    def stats(self) -> dict[str, Any]:
        """The engine's own figures, by name."""

    def codec_name(self, codec: int) -> str:
        """The name of a codec by its number in a row."""

    def leave_behind(self) -> None:
        """In a process that was forked off: the threads are not here; nothing waits for them any more."""

    def close(self) -> None:
        """Closes everything; a second call does nothing."""

@final
class Player:
    """Moves about in a list of files."""

    def seek(self, item: int, at_ms: int) -> None:
        """Goes on in this file of the list, so far from its beginning."""

    def position(self) -> tuple[int, float]:
        """Which file of the list is heard, and milliseconds from its beginning."""

@final
class RecordOptions:
    """How to record. Raises ValueError for a format that there is not."""

    def __new__(
        cls,
        *,
        format: str,
        mixed: bool,
        max_ms: int | None,
        max_bytes: int | None,
        max_silence_ms: int | None,
        keeps_pauses: bool,
        beep: tuple[Sequence[_Step], Sequence[int]] | None,
    ) -> RecordOptions: ...

@final
class Recorder:
    """A recording that goes on, or has ended."""

    def duration_ms(self) -> float:
        """Milliseconds in the file."""

    def end(self) -> str | None:
        """Why it ended, in the words of `mediacore.events.RecordEnd`; None: it goes on."""

@final
class Source:
    """The filling half of a source."""

    def write(self, samples: npt.NDArray[np.int16]) -> int:
        """Adds what fits of a contiguous array, and says how many samples that were."""

    def clear(self) -> None:
        """Takes back what was not played yet."""

    def room(self) -> int:
        """Samples that could be written now."""

    def pending(self) -> int:
        """Samples that are still to be played."""

    def played(self) -> int:
        """Samples played so far."""

    def overflowed(self) -> int:
        """Samples that found no room."""

    def starved(self) -> int:
        """Samples of silence that were played for want of written ones."""

@final
class Srtp:
    """Both directions of one SRTP association. A key is: suite, key and salt, identifier, packets that it may seal."""

    def __new__(cls, send: _SrtpKey, receive: Sequence[_SrtpKey], ssrcs_max: int) -> Srtp: ...
    def protect(self, packets: Sequence[bytes]) -> list[bytes | None]:
        """Seals RTP packets; None in place of one that was refused."""

    def unprotect(self, packets: Sequence[bytes]) -> list[bytes | None]:
        """Opens SRTP packets; None in place of one that was refused."""

    def protect_rtcp(self, packet: bytes) -> bytes:
        """Seals an RTCP packet."""

    def unprotect_rtcp(self, packet: bytes) -> bytes | None:
        """Opens an SRTCP packet; None when it is refused."""

    def rekey_send(self, send: _SrtpKey) -> None:
        """Seals with another key from now on."""

    def rekey_receive(self, receive: Sequence[_SrtpKey]) -> None:
        """Opens with other keys from now on, and with those before what was on its way."""

    def sent(self) -> list[_SrtpStream]:
        """Sources that are sealed: SSRC, index of the newest RTP packet, of the newest RTCP packet."""

    def received(self) -> list[_SrtpStream]:
        """The same for sources that are opened."""

    def restore(self, sent: Sequence[_SrtpStream], received: Sequence[_SrtpStream]) -> None:
        """Goes on with sources that were followed elsewhere."""

@final
class Tap:
    """The listener's half of a tap."""

    def read(self) -> bytes:
        """All samples that wait, 16 bits each in the machine's order."""

    def wait(self, timeout_s: float) -> bool:
        """Waits for a frame; false when the time is over, or a signal came."""

    def fileno(self) -> int:
        """A descriptor that is readable while frames wait."""

    def dropped_frames(self) -> int:
        """Frames that made way for newer ones."""
