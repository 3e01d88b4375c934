"""The arithmetic of digest authentication (RFC 7616 3.4). Pure: text in, hexadecimal digits out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any

SESSION = "-sess"

# Strongest first, by RFC 7616's names. Whether there is the first depends on Python's OpenSSL; the others are called
# directly because `hashlib.new` looks them up each time, which costs more than the hash.
HASHES: dict[str, Callable[..., Any]] = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
if "sha512_256" in hashlib.algorithms_available:
    HASHES = {"SHA-512-256": partial(hashlib.new, "sha512_256"), **HASHES}

_CANONICAL = {name.lower(): name for base in HASHES for name in (base, base + SESSION)}


def canonical_algorithm(name: str | None) -> str | None:
    """The algorithm in our spelling, MD5 where none is named (RFC 7616 3.3), None if it is unknown."""
    return "MD5" if name is None else _CANONICAL.get(name.lower())


def digest_of(algorithm: str, text: str) -> str:
    """H(text) of RFC 7616."""
    hashed = HASHES[algorithm.removesuffix(SESSION)](text.encode("utf-8", "surrogateescape"), usedforsecurity=False)
    return str(hashed.hexdigest())


def ha1(username: str, realm: str, password: str, algorithm: str) -> str:
    """H(A1), which a server may keep in place of the password. A -sess algorithm has the one of its base here."""
    return digest_of(algorithm, f"{username}:{realm}:{password}")


def digest_response(
    ha1: str,
    *,
    algorithm: str,
    method: str,
    uri: str,
    nonce: str,
    qop: str = "",
    nc: str = "",
    cnonce: str = "",
) -> str:
    """The `response` parameter. An empty `qop` means the form of RFC 2069, without count and cnonce."""
    if algorithm.endswith(SESSION):
        ha1 = digest_of(algorithm, f"{ha1}:{nonce}:{cnonce}")
    ha2 = digest_of(algorithm, f"{method}:{uri}")
    if qop:
        return digest_of(algorithm, f"{ha1}:{nonce}:{nc}:{cnonce}:{qop}:{ha2}")
    return digest_of(algorithm, f"{ha1}:{nonce}:{ha2}")
