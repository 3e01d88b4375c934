"""What was measured: one frozen record for one moment. Directions are ours: `receive` is what came from the peer."""

from __future__ import annotations

import ipaddress
import math
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mediacore import _native

_ROW = struct.Struct(_native.STATS_FORMAT)
_KINDS = {"Q": "u8", "d": "f8"}
_COLUMNS = np.dtype(
    [(name, _KINDS[kind]) for name, kind in zip(_native.STATS_COLUMNS, _native.STATS_FORMAT[1:], strict=True)]
)
_DERIVED = ("mos", "send_mos", "one_way_delay_ms", "concealed_ratio")


@dataclass(frozen=True, slots=True)
class Rejected:
    """Datagrams that were dropped and never answered, by reason."""

    malformed: int = 0
    """Neither RTP nor RTCP."""
    host: int = 0
    """From a host that neither SDP nor signalling named."""
    port: int = 0
    """From another port of the right host, while the first one was alive."""
    no_peer: int = 0
    """Before the peer was known."""
    payload_type: int = 0
    """Of a payload type that was not agreed."""
    payload_type_last: int | None = None
    """Which one that was, the last time."""
    unauthenticated: int = 0
    """Not sealed with the agreed keys (SRTP): another key, plain RTP, or not from the peer."""
    unauthenticated_run: int = 0
    """RTP among these since the last packet that was genuine."""
    replayed: int = 0
    """Sealed with the agreed keys, but taken before, or too old to tell."""
    ssrcs: int = 0
    """From more sources than a leg follows under one key."""


@dataclass(frozen=True, slots=True)
class ReceiveStats:
    """What came from the peer."""

    packets: int = 0
    octets: int = 0
    codec: str = ""
    """Of the newest packet, "PCMU/8000"; empty before the first."""
    payload_type: int | None = None
    lost: int = 0
    lost_ratio: float = 0.0
    """Lost over expected, 0 to 1 (RFC 3550 A.3)."""
    burst_density: float = 0.0
    """Part of the packets of bursts that were lost: times with fewer than 16 packets between two losses (RFC 3611)."""
    gap_density: float = 0.0
    """The same for the times between bursts."""
    burst_ms: float = 0.0
    """Mean length of a burst."""
    gap_ms: float = 0.0
    """Mean length of a gap."""
    jitter_ms: float = 0.0
    """Interarrival jitter (RFC 3550 6.4.1)."""
    duplicates: int = 0
    reordered: int = 0
    late: int = 0
    """Came after their moment to be played."""
    recovered: int = 0
    """Of those that were lost, made again from the packet after (Opus with FEC)."""
    undecodable: int = 0
    """Of a codec that was agreed, and yet no packets of it."""
    ssrc_changes: int = 0
    codec_changes: int = 0
    """Changes of the codec in what was decoded."""
    digits: int = 0
    """Pressed by the peer: as telephone-events, as tones, or by the signalling."""
    digits_refused: int = 0
    """Left out: they came faster than anybody presses them."""
    level_dbfs: float | None = None
    """RMS of the newest 20 ms that were decoded; None while nothing is decoded."""
    clipped_ms: int = 0
    """Of what was decoded, frames of 20 ms with samples at the end of the scale: too loud before it got here."""
    quiet_ms: int = 0
    """Of what was decoded, frames below -60 dBFS: no voice."""
    played_ms: float = 0.0
    """Audio that came out of the jitter buffer, concealed audio among it."""
    concealed_ms: float = 0.0
    """Made up in place of what was missing, and silence where it was missing for longer than is made up."""
    concealed_ratio: float | None = None
    shortened_ms: float = 0.0
    """Taken out of what was played, to shorten the delay."""
    lengthened_ms: float = 0.0
    """Put into it, to lengthen the delay."""
    buffer_ms: float | None = None
    """Delay that the jitter buffer aims at; None while nothing is decoded."""
    playout_delay_ms: float | None = None
    """Delay that it has, behind the fastest packet."""
    silent_ms: float | None = None
    """Since the last usable packet; None when the leg does not listen."""
    is_comfort_noise: bool = False
    """The newest packet was comfort noise (RFC 3389): the peer says nothing for a while, and need not send."""
    unheard_packets: int = 0
    """Accepted, then dropped: the direction, a mute or the other side did not want them."""
    rejected: Rejected = field(default_factory=Rejected)


@dataclass(frozen=True, slots=True)
class SendStats:
    """What went to the peer, and what it reported in RTCP about it."""

    packets: int = 0
    octets: int = 0
    codec: str = ""
    digits_refused: int = 0
    """Digits of a bridged leg that were left out: too many waited already."""
    errors: int = 0
    """The system refused to send."""
    nowhere: int = 0
    """Packets of the other side that could not go: the peer's address is not known."""
    level_dbfs: float | None = None
    """RMS of the newest 20 ms that were made here."""
    quiet_ms: int = 0
    """Of what was made here, frames below -60 dBFS."""
    lost: int | None = None
    lost_ratio: float | None = None
    """In the interval of the peer's last report."""
    jitter_ms: float | None = None
    mos: float | None = None
    """Of what the peer hears, by its last report."""
    discarded_ratio: float | None = None
    """Came too late for the peer to play, by its extended report (RFC 3611); None: it sends none."""
    burst_density: float | None = None
    """Part of the packets of bursts that were lost on the way to it, by that report."""
    reported_mos: float | None = None
    """Of the conversation, as the peer reckons it."""
    rtcp_packets: int = 0


@dataclass(frozen=True, slots=True)
class LegStats:
    """One leg at one moment. Figures that are not known (yet) are None."""

    leg: int = 0
    measured_at_s: float = 0.0
    """Seconds of `time.monotonic()`."""
    age_s: float = 0.0
    receive: ReceiveStats = field(default_factory=ReceiveStats)
    send: SendStats = field(default_factory=SendStats)
    mos: float | None = None
    """Mean opinion score of what is heard from the peer (ITU-T G.107), 1 to 4.5."""
    rtt_ms: float | None = None
    one_way_delay_ms: float | None = None
    """Estimate from mouth to ear: half the round trip, one packet, the jitter buffer."""
    forwarded_packets: int = 0
    """Packets of the peer handed to another undecoded."""
    decoded_packets: int = 0
    remote: tuple[str, int] | None = None
    """Where packets are sent to."""
    is_latched: bool = False
    """That address was learned from packets that were accepted."""
    rtcp_packets: int = 0
    """RTCP packets that came."""
    may_send: bool = True
    may_receive: bool = True
    is_muted_send: bool = False
    is_muted_receive: bool = False
    is_in_conference: bool = False
    is_talking: bool = False
    """Its conference takes it for one of those who talk."""
    is_srtp: bool = False
    """Packets are sealed in both directions."""
    tap_dropped_frames: int = 0


class LegStatsTable(Mapping[int, LegStats]):
    """All legs' records of one moment by the leg's number; each is made when it is looked at."""

    def __init__(self, rows: bytes | memoryview, codec_name: Callable[[int], str]) -> None:
        self._rows = memoryview(rows)
        self._codec_name = codec_name

    @cached_property
    def array(self) -> npt.NDArray[Any]:
        """The same as a numpy array, a row for each leg: `table.array["receive_lost"].sum()`. Cannot be written.

        `array.dtype.names` has the columns. Counts are unsigned integers; what is measured is a float, NaN where it is
        not known.
        """
        return np.frombuffer(self._rows, dtype=_COLUMNS)

    @cached_property
    def _offsets(self) -> dict[int, int]:
        return dict(zip(self.array["leg"].tolist(), range(0, len(self._rows), _ROW.size), strict=True))

    def __getitem__(self, leg: int) -> LegStats:
        return read_row(self._rows, self._codec_name, offset=self._offsets[leg])

    def __iter__(self) -> Iterator[int]:
        return iter(self._offsets)

    def __len__(self) -> int:
        return len(self._rows) // _ROW.size


@dataclass(frozen=True, slots=True)
class EngineStats:
    """The whole engine. After everything is closed the first six are zero."""

    legs: int
    bridges: int
    conferences: int
    ports_in_use: int
    """Two a leg."""
    sockets: int
    threads: int
    port_pairs: int
    """Pairs of ports in the range."""
    busy_s: float
    """Processor time of the media threads."""
    wakes: int
    late_ticks: int
    """Frame ticks that came too late to be made up for."""
    events_dropped: int
    """Reports that nobody fetched in time."""
    commands_refused: int
    """Commands that a media thread did not take in time."""


def read_row(rows: bytes | memoryview, codec_name: Callable[[int], str], *, offset: int = 0) -> LegStats:
    """The record of one row of the native module."""
    row = bytes(rows[offset : offset + _ROW.size])
    figures = dict(zip(_native.STATS_COLUMNS, _ROW.unpack(row), strict=True))
    figures.update(zip(_DERIVED, _native.derived_stats(row), strict=True))
    return _leg_stats(figures, codec_name)


def _leg_stats(row: dict[str, float], codec_name: Callable[[int], str]) -> LegStats:
    flags = int(row["flags"])
    return LegStats(
        leg=int(row["leg"]),
        measured_at_s=row["measured_at_s"],
        age_s=row["age_s"],
        receive=_receive_stats(row, codec_name),
        send=_send_stats(row, codec_name),
        mos=_known(row["mos"]),
        rtt_ms=_known(row["rtt_ms"]),
        one_way_delay_ms=_known(row["one_way_delay_ms"]),
        forwarded_packets=int(row["forwarded_packets"]),
        decoded_packets=int(row["decoded_packets"]),
        remote=_remote(int(row["remote_high"]), int(row["remote_low"]), int(row["remote_port"])),
        is_latched=bool(row["is_latched"]),
        rtcp_packets=int(row["rtcp_received"]),
        may_send=bool(flags & 1),
        may_receive=bool(flags & 2),
        is_muted_send=bool(flags & 4),
        is_muted_receive=bool(flags & 8),
        is_in_conference=bool(flags & 32),
        is_talking=bool(flags & 64),
        is_srtp=bool(flags & 128),
        tap_dropped_frames=int(row["tap_dropped_frames"]),
    )


def _receive_stats(row: dict[str, float], codec_name: Callable[[int], str]) -> ReceiveStats:
    packets = int(row["receive_packets"])
    refused = int(row["rejected_payload_type"])
    return ReceiveStats(
        packets=packets,
        octets=int(row["receive_octets"]),
        codec=codec_name(int(row["receive_codec"])),
        payload_type=int(row["receive_payload_type"]) if packets else None,
        lost=int(row["receive_lost"]),
        lost_ratio=row["receive_lost_ratio"],
        burst_density=_known(row["receive_burst_density"]) or 0.0,
        gap_density=_known(row["receive_gap_density"]) or 0.0,
        burst_ms=_known(row["receive_burst_ms"]) or 0.0,
        gap_ms=_known(row["receive_gap_ms"]) or 0.0,
        jitter_ms=row["receive_jitter_ms"],
        duplicates=int(row["receive_duplicates"]),
        reordered=int(row["receive_reordered"]),
        late=int(row["receive_late"]),
        recovered=int(row["receive_recovered"]),
        undecodable=int(row["receive_undecodable"]),
        ssrc_changes=int(row["receive_ssrc_changes"]),
        codec_changes=int(row["receive_codec_changes"]),
        digits=int(row["receive_digits"]),
        digits_refused=int(row["receive_digits_refused"]),
        level_dbfs=_known(row["receive_level_dbfs"]),
        clipped_ms=int(row["receive_clipped_ms"]),
        quiet_ms=int(row["receive_quiet_ms"]),
        played_ms=_known(row["played_ms"]) or 0.0,
        concealed_ms=_known(row["concealed_ms"]) or 0.0,
        concealed_ratio=_known(row["concealed_ratio"]),
        shortened_ms=_known(row["shortened_ms"]) or 0.0,
        lengthened_ms=_known(row["lengthened_ms"]) or 0.0,
        buffer_ms=_known(row["buffer_ms"]),
        playout_delay_ms=_known(row["playout_delay_ms"]),
        silent_ms=_known(row["silent_ms"]),
        is_comfort_noise=bool(int(row["flags"]) & 256),
        unheard_packets=int(row["unheard_packets"]),
        rejected=Rejected(
            malformed=int(row["rejected_malformed"]),
            host=int(row["rejected_host"]),
            port=int(row["rejected_port"]),
            no_peer=int(row["rejected_no_peer"]),
            payload_type=refused,
            payload_type_last=int(row["rejected_payload_type_last"]) if refused else None,
            unauthenticated=int(row["rejected_unauthenticated"]),
            unauthenticated_run=int(row["unauthenticated_run"]),
            replayed=int(row["rejected_replayed"]),
            ssrcs=int(row["rejected_ssrcs"]),
        ),
    )


def _send_stats(row: dict[str, float], codec_name: Callable[[int], str]) -> SendStats:
    lost_ratio = _known(row["send_lost_ratio"])
    return SendStats(
        packets=int(row["send_packets"]),
        octets=int(row["send_octets"]),
        codec=codec_name(int(row["send_codec"])),
        digits_refused=int(row["send_digits_refused"]),
        errors=int(row["send_errors"]),
        nowhere=int(row["send_nowhere"]),
        level_dbfs=_known(row["send_level_dbfs"]),
        quiet_ms=int(row["send_quiet_ms"]),
        lost=None if lost_ratio is None else int(row["send_lost"]),
        lost_ratio=lost_ratio,
        jitter_ms=_known(row["send_jitter_ms"]),
        mos=_known(row["send_mos"]),
        discarded_ratio=_known(row["send_discarded_ratio"]),
        burst_density=_known(row["send_burst_density"]),
        reported_mos=_known(row["send_reported_mos"]),
        rtcp_packets=int(row["rtcp_sent"]),
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _remote(high: int, low: int, port: int) -> tuple[str, int] | None:
    if port == 0:
        return None
    address = ipaddress.IPv6Address(high << 64 | low)
    return str(address.ipv4_mapped or address), port
