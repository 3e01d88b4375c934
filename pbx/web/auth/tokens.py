"""Tokens of sign-in links and sessions: the tenant's name, a dot, and 256 random bits. Kept nowhere, only their hash.

The name in front says in which tenant's scope to look, so that no look-up ever goes across tenants. It proves nothing:
the hash is of the whole token.
"""

import re
import secrets
from hashlib import sha256

_TOKEN = re.compile(r"([a-z0-9][a-z0-9-]{0,62})\.([A-Za-z0-9_-]{43})")


def new_token(tenant: str) -> str:
    """A token that nobody can guess."""
    return f"{tenant}.{secrets.token_urlsafe(32)}"


def tenant_of(token: str) -> str | None:
    """The tenant's name in a token; None for what is no token."""
    found = _TOKEN.fullmatch(token)
    return None if found is None else found[1]


def hash_of(token: str) -> str:
    """What is kept of a token. Plain SHA-256: there is nothing to guess, as there is with passwords."""
    return sha256(token.encode()).hexdigest()
