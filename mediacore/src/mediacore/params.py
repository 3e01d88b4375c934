"""What a leg is told: addresses, codecs, direction. Values; nothing is resolved here."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mediacore import _native
from mediacore.codecs import DEFAULT_CODECS, OpusOptions, codec_texts, opus_options
from mediacore.sdp import AgreedMedia, Codec, Direction, SrtpKeys
from mediacore.srtp import native_key

Address = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RtpParams:
    """One leg's agreement. `update()` replaces it as a whole; SSRC, sequence numbers and timestamps go on.

    remote              where the peer wants RTP, "192.0.2.7:4000" or ("192.0.2.7", 4000); None: not known yet
    codecs              what may be sent, best first, as "PCMU/8000" or with a payload type "101 telephone-event/8000"
    receive_codecs      what may arrive; None: the same, under the same payload types
    direction           who sends, from our side: "sendrecv", "sendonly", "recvonly", "inactive" (RFC 3264)
    ptime_ms            audio in a packet that we make: 10 to 60 ms, by tens
    opus                how Opus is encoded; None: as the fmtp in `codecs` says, "96 opus/48000/2 maxplaybackrate=16000"
    rtcp_mux            RTP and RTCP share a port (RFC 5761)
    srtp                the keys of both directions; None: plain RTP
    remote_rtcp         where the peer wants RTCP; None: one port above RTP
    signalling_address  host that the signalling came from: media from there is accepted as well (its port is learned)
    accept_any_source   take the first source, whoever it is: only for peers that cannot be known beforehand
    send_silence        send silence when there is nothing to send, so that NATs and the peer open up
    media_timeout_s     a peer silent for so long is worth a MediaTimeout; None: never
    report_every_ms     a Report event so often, and verdicts as they come and go (VerdictRaised); None: never
    in_band_digits      the peer's digits are tones in its sound: they are heard there, and digits go to it as tones
    hide_digits         nobody hears the peer's digits, nor does a recording or a tap; they are told of alone. What the
                        peer says comes 60 ms later then
    """

    remote: str | Address | None = None
    codecs: Sequence[str] = DEFAULT_CODECS
    receive_codecs: Sequence[str] | None = None
    direction: str = "sendrecv"
    ptime_ms: int = 20
    opus: OpusOptions | None = None
    rtcp_mux: bool = False
    srtp: SrtpKeys | None = None
    remote_rtcp: str | Address | None = None
    signalling_address: str | None = None
    accept_any_source: bool = False
    send_silence: bool = True
    media_timeout_s: float | None = 30.0
    report_every_ms: int | None = None
    in_band_digits: bool = False
    hide_digits: bool = False

    @classmethod
    def agreed(cls, media: AgreedMedia, *, signalling_address: str | None = None) -> RtpParams:
        """What an offer and its answer come to. A host name must have been resolved before."""
        nowhere = media.remote_address is None or media.remote_port == 0
        return cls(
            remote=None if nowhere else (str(media.remote_address), media.remote_port),
            codecs=codec_texts((*media.codecs, media.telephone_event)),
            receive_codecs=codec_texts(media.receive_codecs),
            direction=media.direction.value,
            ptime_ms=media.ptime_ms,
            rtcp_mux=media.rtcp_mux,
            srtp=media.srtp,
            remote_rtcp=media.remote_rtcp,
            signalling_address=signalling_address,
        )

    def native(self) -> _native.LegParams:
        """For the native module. Raises ValueError when a codec or an address is none."""
        opus = self.opus or opus_options(Codec.parse(text) for text in self.codecs)
        received = self.codecs if self.receive_codecs is None else self.receive_codecs
        return _native.LegParams(
            remote=address_of(self.remote),
            remote_rtcp=address_of(self.remote_rtcp),
            signalling_host=self.signalling_address,
            accept_any_source=self.accept_any_source,
            formats=_formats(self.codecs),
            receive_formats=_formats(received),
            direction=Direction(self.direction).value,
            ptime_ms=self.ptime_ms,
            opus=opus.native(),
            rtcp_mux=self.rtcp_mux,
            srtp=None if self.srtp is None else (native_key(self.srtp.send), list(map(native_key, self.srtp.receive))),
            send_silence=self.send_silence,
            media_timeout_s=self.media_timeout_s,
            report_every_ms=self.report_every_ms,
            in_band_digits=self.in_band_digits,
            hide_digits=self.hide_digits,
        )


def _formats(codecs: Iterable[str]) -> list[tuple[int, str, int]]:
    parsed = [Codec.parse(text) for text in codecs]
    return [(codec.payload_type, codec.rtpmap, codec.clock_rate) for codec in parsed]


def address_of(address: str | Address | None) -> Address | None:
    """Both ways to write an address as one; the host must be an IP address."""
    if address is None:
        return None
    if isinstance(address, tuple):
        host, port = address
    else:
        host, separator, digits = address.rpartition(":")
        if not separator or not digits.isdecimal():
            raise ValueError(f"no address: {address!r}; '192.0.2.7:4000' or '[2001:db8::7]:4000' would do")
        host, port = host.removeprefix("[").removesuffix("]"), int(digits)
    if not 0 <= port <= 65_535:
        raise ValueError(f"no port: {port}")
    return _canonical_ip(host), port


@lru_cache(maxsize=1024)  # every update of every leg comes with the same few
def _canonical_ip(host: str) -> str:
    return str(ipaddress.ip_address(host))
