"""SRTP keys, and SRTP alone: packets sealed and opened in batches, for programs that have sockets of their own."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mediacore import _native
from mediacore.sdp import DEFAULT_SUITES, KEY_OCTETS, SrtpKey

SSRCS_MAX = 32


def new_key(suite: str = "AES_CM_128_HMAC_SHA1_80") -> SrtpKey:
    """A key of the system's randomness. Raises ValueError for a suite that is unknown."""
    return SrtpKey(suite, secrets.token_bytes(KEY_OCTETS.get(suite, 0)))


def new_keys(suites: Iterable[str] = DEFAULT_SUITES) -> tuple[SrtpKey, ...]:
    """One key for each suite, as `sdp.Capabilities` wants them."""
    return tuple(new_key(suite) for suite in suites)


@dataclass(frozen=True, slots=True)
class SrtpStream:
    """How far one source is: what another machine needs to go on with it. Indices are RFC 3711's; None: none yet."""

    ssrc: int
    rtp_index: int | None
    rtcp_index: int | None

    @property
    def roll_overs(self) -> int:
        """How often the sequence number began anew (RFC 3711 3.3.1)."""
        return (self.rtp_index or 0) >> 16


class Srtp:
    """Seals what is sent with `send`, opens what comes with `receive`: one key, or several with identifiers.

    Packets are bytes; those that are refused (malformed, not genuine, replayed) are None in the result. The GIL is
    released while a batch is worked on. `ssrcs_max` sources are followed in each direction; one more is refused.
    """

    def __init__(self, *, send: SrtpKey, receive: SrtpKey | Sequence[SrtpKey], ssrcs_max: int = SSRCS_MAX) -> None:
        if not 0 < ssrcs_max <= 4096:
            raise ValueError(f"ssrcs_max={ssrcs_max}: 1 to 4096")
        self._native = _native.Srtp(native_key(send), _native_keys(receive), ssrcs_max)

    def protect(self, packets: Sequence[bytes]) -> list[bytes | None]:
        """Seals RTP packets."""
        return self._native.protect(packets)

    def unprotect(self, packets: Sequence[bytes]) -> list[bytes | None]:
        """Opens SRTP packets."""
        return self._native.unprotect(packets)

    def protect_rtcp(self, packet: bytes) -> bytes:
        """Seals an RTCP packet. Raises ValueError when it is none."""
        return self._native.protect_rtcp(packet)

    def unprotect_rtcp(self, packet: bytes) -> bytes | None:
        """Opens an SRTCP packet; None when it is refused."""
        return self._native.unprotect_rtcp(packet)

    def rekey(self, *, send: SrtpKey | None = None, receive: SrtpKey | Sequence[SrtpKey] | None = None) -> None:
        """Other keys from now on; what is on its way is still opened with those before. Indices go on."""
        if send is not None:
            self._native.rekey_send(native_key(send))
        if receive is not None:
            self._native.rekey_receive(_native_keys(receive))

    def sent(self) -> tuple[SrtpStream, ...]:
        """How far each source is that was sealed."""
        return tuple(SrtpStream(*row) for row in self._native.sent())

    def received(self) -> tuple[SrtpStream, ...]:
        """How far each source is that was opened."""
        return tuple(SrtpStream(*row) for row in self._native.received())

    def restore(self, *, sent: Iterable[SrtpStream] = (), received: Iterable[SrtpStream] = ()) -> None:
        """Goes on with sources that were followed elsewhere: nothing of before is opened, or sealed, again."""
        self._native.restore([_row(stream) for stream in sent], [_row(stream) for stream in received])


def native_key(key: SrtpKey) -> tuple[str, bytes, bytes, int | None]:
    """A key as the native module takes it."""
    return key.suite, key.key, key.mki, key.lifetime_packets


def _native_keys(keys: SrtpKey | Sequence[SrtpKey]) -> list[tuple[str, bytes, bytes, int | None]]:
    return [native_key(key) for key in ([keys] if isinstance(keys, SrtpKey) else keys)]


def _row(stream: SrtpStream) -> tuple[int, int | None, int | None]:
    return stream.ssrc, stream.rtp_index, stream.rtcp_index
