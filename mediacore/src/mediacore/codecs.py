"""Codecs of a leg: which ones, and how Opus is encoded for one peer (RFC 7587 6.1). Values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mediacore.sdp import Codec

DEFAULT_CODECS = ("PCMU/8000", "PCMA/8000", "101 telephone-event/8000")
"""What a leg sends and takes where nobody said anything: what every peer can, without any agreement."""

SAMPLE_RATES_HZ = (8_000, 16_000, 24_000, 48_000)
"""Rates that Opus is encoded at."""

_BITRATES_BPS = (6_000, 510_000)  # RFC 6716 2.1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class OpusOptions:
    """How frames are encoded in Opus. Calls are mono.

    bitrate_bps        6,000 to 510,000; 24,000 is good speech at any bandwidth
    complexity         0, the least work, to 10
    fec                packets carry a coarse copy of the one before, once the peer reports losses
    dtx                in silence a packet comes each 400 ms only
    constant_bitrate   all packets have one length
    max_rate_hz        the highest sample rate that is encoded: 8,000, 16,000, 24,000 or 48,000
    """

    bitrate_bps: int = 24_000
    complexity: int = 5
    fec: bool = True
    dtx: bool = False
    constant_bitrate: bool = False
    max_rate_hz: int = 48_000

    def __post_init__(self) -> None:
        least, most = _BITRATES_BPS
        if not least <= self.bitrate_bps <= most:
            raise ValueError(f"no bit rate of Opus: {self.bitrate_bps}; {least} to {most} would do")
        if not 0 <= self.complexity <= 10:
            raise ValueError(f"no complexity of Opus: {self.complexity}; 0 to 10 would do")
        if self.max_rate_hz not in SAMPLE_RATES_HZ:
            raise ValueError(f"no sample rate of Opus: {self.max_rate_hz}; one of {SAMPLE_RATES_HZ} would do")

    @classmethod
    def wanted_by(cls, codec: Codec) -> OpusOptions:
        """What the peer's a=fmtp asks for; what is not said, or makes no sense, is ours to choose.

        `useinbandfec=0` says that the peer makes no use of FEC, and then it is left out; not said, which is the same
        by RFC 7587 6.1, is no reason: every decoder bears it, and nothing is spent on it before losses are reported.
        """
        said = codec.parameters
        least, most = _BITRATES_BPS
        highest_hz = _number(said.get("maxplaybackrate"), default=SAMPLE_RATES_HZ[-1])
        limit_bps = min(max(_number(said.get("maxaveragebitrate"), default=most), least), most)
        return cls(
            bitrate_bps=min(cls().bitrate_bps, limit_bps),
            fec=said.get("useinbandfec") != "0",
            dtx=said.get("usedtx") == "1",
            constant_bitrate=said.get("cbr") == "1",
            max_rate_hz=max((rate for rate in SAMPLE_RATES_HZ if rate <= highest_hz), default=SAMPLE_RATES_HZ[0]),
        )

    def native(self) -> tuple[int, int, bool, bool, bool, int]:
        """For the native module."""
        return self.bitrate_bps, self.complexity, self.fec, self.dtx, self.constant_bitrate, self.max_rate_hz


def codec_texts(codecs: Iterable[Codec | None]) -> tuple[str, ...]:
    """Each codec once, in order, as RtpParams takes it; None is none."""
    return tuple(dict.fromkeys(codec.text for codec in codecs if codec is not None))


def opus_options(codecs: Iterable[Codec]) -> OpusOptions:
    """What the first Opus among the codecs of a peer asks for."""
    return next((OpusOptions.wanted_by(codec) for codec in codecs if codec.is_opus), OpusOptions())


def _number(text: str | None, *, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 10 else default
