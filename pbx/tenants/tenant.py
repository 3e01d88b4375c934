"""A tenant's configuration as calls see it: an immutable snapshot with a version.

Never holds a password or PIN: only hashes of PINs and HA1 digests (RFC 7616 3.4.2), and those are digests over `realm`,
so a tenant whose realm changes needs new ones. Everything here becomes JSON and comes back equal.
"""

from typing import Literal

from msgspec import Struct, field

from pbx.routing.plan import Plan

SrtpUse = Literal["off", "optional", "required"]
"""Whether media is sealed (SRTP): never; where the phone can too; or there is no call with it."""


class VoicemailBox(Struct, frozen=True):
    """A mailbox that its owner can dial into. `pin_hash` is of the PIN that they type, see `pbx.security.pin`."""

    pin_hash: str


class Extension(Struct, frozen=True):
    """One person's number. `ha1` maps a digest algorithm ("MD5", "SHA-256") to hexadecimal text."""

    number: str
    name: str = ""
    ha1: dict[str, str] = field(default_factory=dict)
    ring_s: int | None = None  # seconds; None: the plan's own
    voicemail: VoicemailBox | None = None  # None: nobody can dial in; messages for it are kept all the same
    srtp: SrtpUse | None = None  # None: the tenant's


class Tenant(Struct, frozen=True):
    """One snapshot. Phones are challenged with `realm`; a digest's user name is the extension's number."""

    name: str
    domains: tuple[str, ...] = ()  # SIP domains, lower case; a request to one of them is for this tenant
    realm: str = ""
    digest_algorithms: tuple[str, ...] | None = None  # to challenge with; None: all that its extensions have HA1s for
    time_zone: str = "UTC"  # IANA name
    language: str = "en"  # of what is said to callers: "en", "pl"
    extensions: dict[str, Extension] = field(default_factory=dict)  # by number
    plan: Plan = field(default_factory=Plan)
    srtp: SrtpUse = "off"
    version: int = 0

    def srtp_of(self, number: str) -> SrtpUse:
        """Whether media with this extension's phones is sealed."""
        extension = self.extensions.get(number)
        return (extension.srtp if extension is not None else None) or self.srtp

    def ha1(self, number: str, algorithm: str) -> str | None:
        """The digest to verify `number` with, or None: no such extension, or none for this algorithm."""
        extension = self.extensions.get(number)
        return None if extension is None else extension.ha1.get(algorithm)
