"""Debian's libsrtp2 by ctypes, for what pylibsrtp does not reach: AES with 192 and 256 bits, master key identifiers."""

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

ROOM = 16 + 4 + 128  # SRTP_MAX_SRTCP_TRAILER_LEN
_INBOUND, _OUTBOUND = 2, 3  # srtp_ssrc_type_t: ssrc_any_inbound, ssrc_any_outbound


class _CryptoPolicy(ctypes.Structure):
    _fields_ = [
        ("cipher_type", ctypes.c_uint32),
        ("cipher_key_len", ctypes.c_int),
        ("auth_type", ctypes.c_uint32),
        ("auth_key_len", ctypes.c_int),
        ("auth_tag_len", ctypes.c_int),
        ("sec_serv", ctypes.c_int),
    ]


class _MasterKey(ctypes.Structure):
    _fields_ = [("key", ctypes.c_char_p), ("mki_id", ctypes.c_char_p), ("mki_size", ctypes.c_uint)]


class _Policy(ctypes.Structure):
    """srtp_policy_t of libsrtp 2."""

    _fields_ = [
        ("ssrc_type", ctypes.c_int),
        ("ssrc_value", ctypes.c_uint),
        ("rtp", _CryptoPolicy),
        ("rtcp", _CryptoPolicy),
        ("key", ctypes.c_char_p),
        ("keys", ctypes.POINTER(ctypes.POINTER(_MasterKey))),
        ("num_master_keys", ctypes.c_ulong),
        ("ekt", ctypes.c_void_p),
        ("window_size", ctypes.c_ulong),
        ("allow_repeat_tx", ctypes.c_int),
        ("enc_xtn_hdr", ctypes.c_void_p),
        ("enc_xtn_hdr_count", ctypes.c_int),
        ("next", ctypes.c_void_p),
    ]


@cache
def library() -> ctypes.CDLL | None:
    """The system's; None where there is none."""
    try:
        found = ctypes.CDLL("libsrtp2.so.1")
    except OSError:
        return None
    found.srtp_init()
    return found


class LibSrtp:
    """One direction. `suite` is libsrtp's own name: "aes_cm_256_hmac_sha1_80"."""

    def __init__(
        self, suite: str, keys: Sequence[tuple[bytes, bytes]], *, sends: bool, rtcp_suite: str | None = None
    ) -> None:
        lib = library()
        assert lib is not None, "look for library() first"
        self._lib = lib
        masters = [_MasterKey(key, mki, len(mki)) for key, mki in keys]
        # Kept: libsrtp copies the keys in srtp_create alone.
        self._kept = (masters, (ctypes.POINTER(_MasterKey) * len(masters))(*map(ctypes.pointer, masters)))
        policy = _Policy(ssrc_type=_OUTBOUND if sends else _INBOUND)
        getattr(lib, f"srtp_crypto_policy_set_{suite}")(ctypes.byref(policy.rtp))
        getattr(lib, f"srtp_crypto_policy_set_{rtcp_suite or suite}")(ctypes.byref(policy.rtcp))
        if keys[0][1]:
            policy.keys, policy.num_master_keys = self._kept[1], len(masters)
        else:
            policy.key = keys[0][0]
        self._has_mki = int(bool(keys[0][1]))
        self._session = ctypes.c_void_p()
        self._check(lib.srtp_create(ctypes.byref(self._session), ctypes.byref(policy)))

    def protect(self, packet: bytes, *, key: int = 0, rtcp: bool = False) -> bytes:
        """Seals by the key of this number."""
        seal = self._lib.srtp_protect_rtcp_mki if rtcp else self._lib.srtp_protect_mki
        return self._changed(packet, lambda octets, length: seal(self._session, octets, length, self._has_mki, key))

    def unprotect(self, packet: bytes, *, rtcp: bool = False) -> bytes:
        """Opens; an AssertionError when it does not."""
        open_ = self._lib.srtp_unprotect_rtcp_mki if rtcp else self._lib.srtp_unprotect_mki
        return self._changed(packet, lambda octets, length: open_(self._session, octets, length, self._has_mki))

    def _changed(self, packet: bytes, change: Callable[[Any, Any], int]) -> bytes:
        octets = ctypes.create_string_buffer(packet, len(packet) + ROOM)
        length = ctypes.c_int(len(packet))
        self._check(change(octets, ctypes.byref(length)))
        return octets.raw[: length.value]

    def _check(self, status: int) -> None:
        assert status == 0, f"libsrtp says {status}"

    def close(self) -> None:
        self._lib.srtp_dealloc(self._session)
