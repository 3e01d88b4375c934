"""The SRTP keys of a leg: made once, found again in the SDP that stands, so that a hold is no change of keys."""

import secrets

from mediacore import sdp

# What we offer. Each suite is a line of 80 octets in an INVITE that should fit one datagram; every phone with SRTP has
# the second.
OFFERED = ("AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80")


def keys_for(srtp: sdp.SrtpUse, standing: sdp.SessionDescription | None, *, offering: bool) -> tuple[sdp.SrtpKey, ...]:
    """Our keys, best suite first: those of our `standing` description, and new ones for the other suites."""
    if srtp == "off":
        return ()
    ours = {key.suite: key for key in _standing_keys(standing)}
    wanted = (*ours, *OFFERED) if offering else sdp.DEFAULT_SUITES
    suites = [suite for suite in sdp.DEFAULT_SUITES if suite in wanted]
    return tuple(ours.get(suite) or _new_key(suite) for suite in suites)


def _standing_keys(standing: sdp.SessionDescription | None) -> list[sdp.SrtpKey]:
    media = standing.media if standing is not None else ()
    return [line.keys[0] for section in media for line in sdp.crypto_lines(section)]


def _new_key(suite: str) -> sdp.SrtpKey:
    return sdp.SrtpKey(suite, secrets.token_bytes(sdp.KEY_OCTETS[suite]))
