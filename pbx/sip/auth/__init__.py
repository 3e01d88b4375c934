"""Digest authentication, both ends (RFC 7616; in SIP: RFC 3261 22, RFC 8760). No clock, socket or password store."""

from pbx.sip.auth.client import DigestClient
from pbx.sip.auth.digest import ha1
from pbx.sip.auth.server import DigestServer, DigestStats, Missing, Replayed, Stale, Verdict, Verified, Wrong

__all__ = [
    "DigestClient",
    "DigestServer",
    "DigestStats",
    "Missing",
    "Replayed",
    "Stale",
    "Verdict",
    "Verified",
    "Wrong",
    "ha1",
]
