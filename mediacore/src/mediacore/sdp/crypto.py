"""Keys in SDP: a=crypto (RFC 4568), read and written. Pure: it makes no keys, and no text of its values shows one."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from mediacore.sdp.description import Attribute, MediaDescription

SrtpUse = Literal["off", "optional", "required"]
"""off: never. optional: where the peer wants it too (RFC 8643). required: or there is no call."""

SECURE_PROTOCOLS = ("RTP/SAVP", "RTP/SAVPF")  # RFC 3711 12, RFC 5124
LINES_MAX = 16  # a=crypto lines that are read of one stream; phones offer up to eight
KEYS_MAX = 8  # in one line
_MKI_OCTETS_MAX = 128  # RFC 4568 6.1
_LIFETIME_MAX = 2**48  # RFC 3711 9.2

# Octets of master key and master salt together (RFC 4568 6.2, RFC 6188 5, RFC 7714 14.1).
KEY_OCTETS = {
    "AEAD_AES_128_GCM": 16 + 12,
    "AEAD_AES_256_GCM": 32 + 12,
    "AES_CM_128_HMAC_SHA1_80": 16 + 14,
    "AES_CM_128_HMAC_SHA1_32": 16 + 14,
    "AES_192_CM_HMAC_SHA1_80": 24 + 14,
    "AES_192_CM_HMAC_SHA1_32": 24 + 14,
    "AES_256_CM_HMAC_SHA1_80": 32 + 14,
    "AES_256_CM_HMAC_SHA1_32": 32 + 14,
}

# What is worth offering, best first. AES-GCM: machines have instructions for both halves of it. Not AES with 192 bits:
# nobody asks for it, and libsrtp derives its keys otherwise than RFC 6188.
DEFAULT_SUITES = (
    "AEAD_AES_128_GCM",
    "AEAD_AES_256_GCM",
    "AES_CM_128_HMAC_SHA1_80",
    "AES_256_CM_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
)

# RFC 6188 wrote the length first; its drafts, and the phones and servers built by them, wrote it where RFC 4568 has it.
_SPELLINGS = {
    f"AES_CM_{bits}_HMAC_SHA1_{tag}": f"AES_{bits}_CM_HMAC_SHA1_{tag}" for bits in (192, 256) for tag in (32, 80)
}

# Parameters that change nothing we do: a derivation rate of zero, and a hint for our window (RFC 4568 6.3.1, 6.3.6).
# All others would weaken or change the protection: their line is refused (RFC 4568 6.3.7).
_HARMLESS_PARAMETER = re.compile(r"KDR=0|WSH=\d{1,6}", re.ASCII)

_LINE = re.compile(r" *(\d{1,9}) +([!-~]+) +([!-~]+(?: *; *[!-~]+)*?)((?: +[!-~]+)*) *", re.ASCII)
_KEY = re.compile(r"inline:([A-Za-z0-9+/]{1,128}={0,2})((?:\|[^|]*){0,2})", re.ASCII)
_MKI = re.compile(r"(\d{1,400}):(\d{1,3})", re.ASCII)
_LIFETIME = re.compile(r"2\^(\d{1,2})|(\d{1,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class SrtpKey:
    """One direction's master key: `key` is the key and the salt behind it, as many octets as the suite wants.

    `mki` is the identifier that stands in every packet where there are several keys; `lifetime_packets` is how many
    packets it may protect, where that is fewer than RFC 3711 allows. Raises ValueError, which never shows the key.
    """

    suite: str
    key: bytes = field(repr=False)
    mki: bytes = b""
    lifetime_packets: int | None = None

    def __post_init__(self) -> None:
        wanted = KEY_OCTETS.get(self.suite)
        if wanted is None:
            raise ValueError(f"no crypto suite {self.suite[:40]!r}; known: {', '.join(KEY_OCTETS)}")
        if len(self.key) != wanted:
            raise ValueError(f"{self.suite}: key and salt of {len(self.key)} octets instead of {wanted}")
        if len(self.mki) > _MKI_OCTETS_MAX:
            raise ValueError(f"an MKI of {len(self.mki)} octets, more than {_MKI_OCTETS_MAX}")
        if self.lifetime_packets is not None and not 0 < self.lifetime_packets <= _LIFETIME_MAX:
            raise ValueError(f"a lifetime of {self.lifetime_packets} packets; 1 to 2^48, or None")


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """What protects an agreed stream: what we seal with, and what the peer may seal with."""

    send: SrtpKey
    receive: tuple[SrtpKey, ...]


@dataclass(frozen=True, slots=True)
class CryptoLine:
    """An a=crypto line. `suite` is spelled as it was read; `keys` have the registered name."""

    tag: int
    suite: str
    keys: tuple[SrtpKey, ...]

    @classmethod
    def parse(cls, value: str) -> CryptoLine:
        """The line behind `a=crypto:`. Raises ValueError for what cannot be used, and never shows a key."""
        found = _LINE.fullmatch(value)
        if found is None:
            raise ValueError("not of the form: tag, suite, inline:key")
        tag, suite, keys, parameters = found.groups()
        for parameter in parameters.split():
            if not _HARMLESS_PARAMETER.fullmatch(parameter):
                raise ValueError(f"session parameter {parameter[:40]!r} is not supported")
        return cls(int(tag), suite, _keys(registered_suite(suite), keys))

    @property
    def attribute(self) -> Attribute:
        """The line as it stands in a description."""
        keys = ";".join(_inline(key) for key in self.keys)
        return Attribute("crypto", f"{self.tag} {self.suite} {keys}")


def registered_suite(name: str) -> str:
    """The registered name of a suite that is also known by another."""
    return _SPELLINGS.get(name, name)


def crypto_lines(media: MediaDescription) -> tuple[CryptoLine, ...]:
    """The a=crypto lines of an m= section that can be used, in order; the others count as absent."""
    return tuple(_usable(media.all("crypto")[:LINES_MAX]))


def _usable(values: tuple[str, ...]) -> Iterator[CryptoLine]:
    for value in values:
        try:
            yield CryptoLine.parse(value)
        except ValueError:
            continue  # an unknown suite, another key method, a parameter that we do not have: RFC 4568 7.1.2


def _keys(suite: str, text: str) -> tuple[SrtpKey, ...]:
    parts = [part.strip(" ") for part in text.split(";")]
    if len(parts) > KEYS_MAX:
        raise ValueError(f"{len(parts)} keys in one line, more than {KEYS_MAX}")
    keys = tuple(_key(suite, part) for part in parts)
    identifiers = {key.mki for key in keys}
    lengths = {len(mki) for mki in identifiers}
    # RFC 4568 6.1: several keys need identifiers, all of one length.
    if len(identifiers) != len(keys) or len(lengths) != 1 or (len(keys) > 1 and lengths == {0}):
        raise ValueError("several keys that cannot be told apart by their identifiers")
    return keys


def _key(suite: str, text: str) -> SrtpKey:
    found = _KEY.fullmatch(text)
    if found is None:
        raise ValueError("not a key of the form inline:base64|lifetime|mki:length")
    encoded, rest = found.groups()
    encoded = encoded.rstrip("=")
    try:
        # Some phones leave the padding out.
        octets = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        raise ValueError("a key that is not base64") from None
    lifetime, mki = _lifetime_and_mki(rest.split("|")[1:])
    return SrtpKey(suite, octets, mki, lifetime)


def _lifetime_and_mki(fields: list[str]) -> tuple[int | None, bytes]:
    """`2^20`, `1:4`, both in this order, or neither."""
    lifetime: int | None = None
    mki = b""
    if fields and (found := _LIFETIME.fullmatch(fields[0])) is not None:
        power, number = found.groups()
        # More than RFC 3711 allows is the same as no word: some phones write 2^63.
        lifetime = min(2 ** int(power) if power else int(number), _LIFETIME_MAX)
        fields = fields[1:]
    if fields and (found := _MKI.fullmatch(fields[0])) is not None:
        value, octets = (int(number) for number in found.groups())
        if not 0 < octets <= _MKI_OCTETS_MAX or value >= 256**octets:
            raise ValueError("an MKI that does not fit its length")
        mki = value.to_bytes(octets, "big")
        fields = fields[1:]
    if fields:
        raise ValueError("neither a lifetime nor an MKI behind the key")
    return lifetime, mki


def _inline(key: SrtpKey) -> str:
    text = f"inline:{b64encode(key.key).decode('ascii')}"
    if key.lifetime_packets is not None:
        lifetime = key.lifetime_packets
        power = lifetime.bit_length() - 1
        text += f"|2^{power}" if lifetime == 2**power else f"|{lifetime}"
    if key.mki:
        text += f"|{int.from_bytes(key.mki, 'big')}:{len(key.mki)}"
    return text
