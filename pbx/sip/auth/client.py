"""The challenged end of digest authentication: the same request again, with credentials (RFC 3261 22.2, RFC 8760).

Answers 401 and 407 alike. Keeps each realm's last nonce and how often it was used, and the password; sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from pbx.sip.auth.digest import HASHES, SESSION, canonical_algorithm, digest_response, ha1
from pbx.sip.errors import BadMessage
from pbx.sip.headers import parse_auth, quote
from pbx.sip.message import Request, Response
from pbx.sip.tokens import random_token

ANSWERS = {"WWW-Authenticate": "Authorization", "Proxy-Authenticate": "Proxy-Authorization"}

_STRENGTH = {name: rank for rank, name in enumerate(HASHES)}  # 0 is the strongest


class Challenge(msgspec.Struct):
    """One that we can meet, and how often we did."""

    header: str  # the one that answers it
    realm: str
    nonce: str
    algorithm: str
    names_algorithm: bool
    qop: str
    opaque: str | None
    stale: bool
    count: int = 0


class DigestClient:
    """One account. The password stays in memory; no representation of this object shows it."""

    def __init__(self, username: str, password: str, *, token: Callable[[], str] = random_token) -> None:
        self.username = username
        self._password = password
        self._token = token
        self._challenges: dict[tuple[str, str], Challenge] = {}

    def authorize(self, request: Request, challenge_response: Response) -> Request | None:
        """The request with credentials, without Via and with its CSeq as it is: the caller raises that.

        None where trying again makes no sense: a challenge that we cannot meet, or the answer to the very credentials
        that `request` carries (unless only their nonce was stale). Of one realm's challenges the strongest algorithm is
        taken.
        """
        challenges = _strongest_by_realm(challenge_response)
        if not challenges or any(_was_refused(request, challenge) for challenge in challenges):
            return None
        for challenge in challenges:
            known = self._challenges.get((challenge.header, challenge.realm))
            if known is not None and known.nonce == challenge.nonce:
                challenge.count = known.count
            self._challenges[challenge.header, challenge.realm] = challenge
        return self._with_credentials(request, challenges)

    def authorize_ahead(self, request: Request) -> Request:
        """The request with credentials for every realm that has challenged before: it saves the round trip (22.3)."""
        return self._with_credentials(request, list(self._challenges.values()))

    def _with_credentials(self, request: Request, challenges: list[Challenge]) -> Request:
        authorized = Request(request.method, request.uri, request.headers.copy(), request.body)
        headers = authorized.headers
        headers.remove("Via")
        for challenge in challenges:
            kept = [value for value in headers.all(challenge.header) if not _is_for(challenge.realm, value)]
            headers.remove(challenge.header)
            for value in [*kept, self._credentials(challenge, request)]:
                headers.add(challenge.header, value)
        return authorized

    def _credentials(self, challenge: Challenge, request: Request) -> str:
        challenge.count += 1
        nc = f"{challenge.count:08x}"
        needs_cnonce = bool(challenge.qop) or challenge.algorithm.endswith(SESSION)
        cnonce = self._token() if needs_cnonce else ""
        response = digest_response(
            ha1(self.username, challenge.realm, self._password, challenge.algorithm),
            algorithm=challenge.algorithm,
            method=request.method,
            uri=request.uri,
            nonce=challenge.nonce,
            qop=challenge.qop,
            nc=nc,
            cnonce=cnonce,
        )
        parts = [
            f"username={quote(self.username)}",
            f"realm={quote(challenge.realm)}",
            f"nonce={quote(challenge.nonce)}",
            f"uri={quote(request.uri)}",
            f'response="{response}"',
        ]
        if challenge.names_algorithm:
            parts.append(f"algorithm={challenge.algorithm}")
        if challenge.opaque is not None:
            parts.append(f"opaque={quote(challenge.opaque)}")
        if cnonce:
            parts.append(f'cnonce="{cnonce}"')
        if challenge.qop:
            parts += (f"qop={challenge.qop}", f"nc={nc}")
        return f"Digest {', '.join(parts)}"

    def __repr__(self) -> str:
        return f"<DigestClient {self.username}>"


def _strongest_by_realm(response: Response) -> list[Challenge]:
    best: dict[tuple[str, str], Challenge] = {}
    for challenge in _challenges(response):
        key = (challenge.header, challenge.realm)
        if key not in best or _rank(challenge) < _rank(best[key]):
            best[key] = challenge
    return list(best.values())


def _rank(challenge: Challenge) -> int:
    return _STRENGTH[challenge.algorithm.removesuffix(SESSION)]


def _challenges(response: Response) -> Iterator[Challenge]:
    """Those that we can meet; one that cannot be read is as good as one that we do not know."""
    for asked, answer in ANSWERS.items():
        for value in response.headers.all(asked):
            try:
                scheme, params = parse_auth(value)
            except BadMessage:
                continue
            algorithm = canonical_algorithm(params.get("algorithm"))
            qops = {qop.strip().lower() for qop in params.get("qop", "").split(",")}
            is_met = scheme.lower() == "digest" and {"realm", "nonce"} <= params.keys() and qops & {"", "auth"}
            if not is_met or algorithm is None:
                continue
            yield Challenge(
                header=answer,
                realm=params["realm"],
                nonce=params["nonce"],
                algorithm=algorithm,
                names_algorithm="algorithm" in params,
                qop="auth" if "auth" in qops else "",
                opaque=params.get("opaque"),
                stale=params.get("stale", "").lower() == "true",
            )


def _was_refused(request: Request, challenge: Challenge) -> bool:
    return not challenge.stale and any(
        _is_for(challenge.realm, value) for value in request.headers.all(challenge.header)
    )


def _is_for(realm: str, credentials: str) -> bool:
    try:
        return parse_auth(credentials)[1].get("realm") == realm
    except BadMessage:
        return False
