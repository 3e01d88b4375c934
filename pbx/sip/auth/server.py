"""The challenging end of digest authentication: 401 with WWW-Authenticate, as RFC 3261 22.2 asks of a UAS.

Answers nothing: each verdict is a value. An unknown user costs the same work and gets the same verdict class as a wrong
password. `auth-int` is not offered: proxies and gateways rewrite bodies.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Iterator
from typing import TypeAlias

import msgspec

from pbx.sip.auth.digest import canonical_algorithm, digest_of, digest_response
from pbx.sip.auth.nonces import NonceCounts, NonceMint, Use
from pbx.sip.errors import BadMessage
from pbx.sip.headers import parse_auth, quote
from pbx.sip.message import Request
from pbx.sip.uri import SipUri

QOP = "auth"
NONCES_MAX = 131_072  # nonces in use; then the oldest becomes stale, and is counted. About 250 bytes each
NC_DIGITS = 8

Credentials = Callable[[str, str], str | None]  # username, algorithm -> H(A1) in hexadecimal


class Verified(msgspec.Struct, frozen=True):
    """The request comes from who it says."""

    username: str
    algorithm: str


class Missing(msgspec.Struct, frozen=True):
    """No credentials for this realm: challenge."""


class Stale(msgspec.Struct, frozen=True):
    """The digest is right, but the nonce is not, or no longer, ours: challenge with `stale=True`."""


class Replayed(msgspec.Struct, frozen=True):
    """The digest is right, but this count of this nonce was used: challenge as for a stale one, and wonder."""


class Wrong(msgspec.Struct, frozen=True):
    """Not who it says. `reason` is for the log: told to the peer it would tell which users exist."""

    reason: str


Verdict: TypeAlias = Verified | Missing | Stale | Replayed | Wrong


class DigestStats(msgspec.Struct, frozen=True):
    """One moment of a server; all but the first only ever rise."""

    nonces: int
    nonces_evicted: int
    verified: int
    stale: int
    replayed: int
    wrong: int


class DigestServer:
    """One for all realms of a process. `secret` is random and of this process: what it forgets must not be replayed."""

    def __init__(
        self,
        secret: bytes,
        *,
        algorithms: tuple[str, ...] = ("SHA-256", "MD5"),
        nonce_lifetime_s: float = 300,
        nonces_max: int = NONCES_MAX,
    ) -> None:
        self._algorithms = algorithms
        self._mint = NonceMint(secret)
        self._counts = NonceCounts(lifetime_s=nonce_lifetime_s, limit=nonces_max)
        # Verified against when the user is unknown, so that the work is the same. No response fits it.
        self._nobody = {algorithm: digest_of(algorithm, secret.hex()) for algorithm in algorithms}
        self._verdicts = dict.fromkeys((Verified, Stale, Replayed, Wrong), 0)

    def challenge(
        self,
        realm: str,
        now: float,
        *,
        stale: bool = False,
        source: str = "",
        algorithms: Collection[str] | None = None,
    ) -> list[str]:
        """WWW-Authenticate values, one per algorithm, the preferred one first (RFC 8760 2.3). Remembers nothing.

        `algorithms` are those that this realm's users have digests for; None: all.
        """
        nonce = self._mint.mint(realm, source, now)
        end = ", stale=true" if stale else ""
        return [
            f'Digest realm={quote(realm)}, nonce="{nonce}", algorithm={algorithm}, qop="{QOP}"{end}'
            for algorithm in self._algorithms
            if algorithms is None or algorithm in algorithms
        ]

    def verify(
        self, request: Request, realm: str, credentials: Credentials, now: float, *, source: str = ""
    ) -> Verdict:
        """What the request's Authorization proves. Raises BadMessage for one that cannot be read.

        `now` is any clock that `challenge()` was given; `source` the host that the nonce was given to.
        """
        params = next(_credentials_for(request, realm), None)
        if params is None:
            return Missing()
        verdict = self._judge(request, realm, params, credentials, now, source)
        self._verdicts[type(verdict)] += 1
        return verdict

    def stats(self) -> DigestStats:
        """One moment of it all."""
        verdicts = self._verdicts
        return DigestStats(
            nonces=len(self._counts),
            nonces_evicted=self._counts.evicted,
            verified=verdicts[Verified],
            stale=verdicts[Stale],
            replayed=verdicts[Replayed],
            wrong=verdicts[Wrong],
        )

    def _judge(
        self, request: Request, realm: str, params: dict[str, str], credentials: Credentials, now: float, source: str
    ) -> Verified | Stale | Replayed | Wrong:
        username, nonce, uri, response = (_required(params, name) for name in ("username", "nonce", "uri", "response"))
        algorithm = canonical_algorithm(params.get("algorithm"))
        if algorithm not in self._algorithms:
            return Wrong(f"algorithm {params.get('algorithm', 'MD5')[:40]} was not offered")
        qop = params.get("qop", "")
        if qop.lower() not in ("", QOP):
            return Wrong(f"qop {qop[:40]} was not offered")
        if not _same_uri(uri, request.uri):
            return Wrong(f"the digest is for {uri[:80]}, the request for {request.uri[:80]}")
        known = credentials(username, algorithm)
        expected = digest_response(
            self._nobody[algorithm] if known is None else known,
            algorithm=algorithm,
            method=request.method,
            uri=uri,
            nonce=nonce,
            qop=qop,
            nc=params.get("nc", ""),
            cnonce=params.get("cnonce", ""),
        )
        is_right = hmac.compare_digest(expected.encode(), response.lower().encode("utf-8", "surrogateescape"))
        if known is None or not is_right:
            return Wrong(
                f"unknown username {username[:40]!r}" if known is None else f"wrong password of {username[:40]!r}"
            )
        return self._judge_nonce(nonce, _count(params) if qop else 1, realm, source, now) or Verified(
            username, algorithm
        )

    def _judge_nonce(self, nonce: str, count: int, realm: str, source: str, now: float) -> Stale | Replayed | None:
        """Without qop there is no count (RFC 2069): such a nonce is good for one request."""
        issued = self._mint.recognise(nonce, realm, source)
        if issued is None:
            return Stale()
        match self._counts.use(issued, count, now):
            case Use.STALE:
                return Stale()
            case Use.REPLAYED:
                return Replayed()
            case Use.FRESH:
                return None


def _credentials_for(request: Request, realm: str) -> Iterator[dict[str, str]]:
    """Each Digest Authorization for the realm: a request may carry those of other realms as well."""
    for value in request.headers.all("Authorization"):
        try:
            scheme, params = parse_auth(value)
        except BadMessage as bad:
            raise BadMessage(f"Authorization: {bad.reason}", message=request) from None
        if scheme.lower() == "digest" and params.get("realm") == realm:
            yield params


def _required(params: dict[str, str], name: str) -> str:
    if name not in params:
        raise BadMessage(f"Authorization: no {name}")
    return params[name]


def _count(params: dict[str, str]) -> int:
    text = params.get("nc", "")
    try:
        count = int(text, 16) if len(text) == NC_DIGITS and text.isalnum() else 0
    except ValueError:
        count = 0
    if count == 0:
        raise BadMessage(f"Authorization: bad nc {text[:20]!r}")
    return count


def _same_uri(written: str, requested: str) -> bool:
    """RFC 7616 3.4.6 asks for equivalence: a proxy may have rewritten the Request-URI's escapes or case."""
    if written == requested:
        return True
    try:
        return SipUri.parse(written).same_as(SipUri.parse(requested))
    except BadMessage:
        return False
