"""Proves by digest which extension a request comes from. Decides; answers nothing and counts nothing.

An unknown extension is challenged and refused exactly as a wrong password is: nothing tells them apart.
"""

from collections.abc import Collection

from pbx.security.verdict import Accept, Challenge, Reject, Verdict
from pbx.sip.auth import DigestServer, Missing, Replayed, Stale, Verified, Wrong
from pbx.sip.message import Request
from pbx.tenants.tenant import Tenant


def authenticate(
    request: Request,
    tenant: Tenant,
    digest: DigestServer,
    *,
    algorithms: Collection[str],
    source: str,
    wall_now: float,
) -> Verdict:
    """Who sent `request`, from host `source` at `wall_now` (unix seconds). `algorithms` are what to challenge with."""
    # A tenant without extensions has no algorithm; it is challenged all the same, or it would stand out.
    offered = algorithms or None
    match digest.verify(request, tenant.realm, tenant.ha1, wall_now, source=source):
        case Verified(username=number):
            return _as_claimed(request, number)
        case Missing():
            return Challenge(tuple(digest.challenge(tenant.realm, wall_now, source=source, algorithms=offered)))
        case Stale() | Replayed():
            challenges = digest.challenge(tenant.realm, wall_now, stale=True, source=source, algorithms=offered)
            return Challenge(tuple(challenges))
        case Wrong():
            return Reject(403, "credentials", "Forbidden")


def _as_claimed(request: Request, number: str) -> Verdict:
    """The From (for REGISTER the To) names the same extension: nobody calls or registers as somebody else."""
    claimed = request.to if request.method == "REGISTER" else request.from_
    if claimed.sip_uri.user != number:
        return Reject(403, "identity", f"Forbidden: the credentials are those of {number}")
    return Accept(number)
