"""Signing in and out: every rule about links, passwords and sessions, without HTTP.

| way in   | is refused with                                                                            |
|----------|--------------------------------------------------------------------------------------------|
| link     | LinkGone: used, expired, never given out                                                   |
| password | WrongPassword, whether or not there is such a user; TooManyTries, by source and by name    |

A session ends with its sign-out, with a new password, IDLE_MAX_S after it was last used, AGE_MAX_S after it began.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from msgspec import Struct

from pbx.config.tenant_file import is_tenant_name
from pbx.store.accounts import Accounts, CameBy, Role, Session, User
from pbx.tenants.scope import TenantScope
from pbx.web.auth.passwords import Passwords, check_strength
from pbx.web.auth.tokens import hash_of, new_token, tenant_of
from pbx.web.auth.tries import Tries

IDLE_MAX_S = 12 * 3600.0
AGE_MAX_S = 7 * 86_400.0
SEEN_EVERY_S = 60.0  # that a session is in use is written down no more often: each time is a write to the disk

NAME_LENGTH_MAX = 128


class LinkGone(Exception):
    """The link was used, has expired, or never was one."""


class WrongPassword(Exception):
    """No such user, no password, or another one."""


class WrongCurrentPassword(Exception):
    """Who wants to set a new password does not know the present one."""


class TooManyTries(Exception):
    """Come back later."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"too many tries; the next one in {math.ceil(retry_after_s)} s")
        self.retry_after_s = math.ceil(retry_after_s)


class SignedIn(Struct, frozen=True):
    """Who a request comes from, and whose data it may reach."""

    scope: TenantScope
    user: User
    session: Session


class Me(Struct, frozen=True):
    """What somebody sees of themselves."""

    name: str
    tenant: str
    role: Role
    has_password: bool
    must_set_password: bool  # the next sign-in would need another link


@dataclass(frozen=True)
class Places:
    """Where users are looked for: those who name no tenant are the default tenant's."""

    region: str
    default_tenant: str

    def scope(self, tenant: str | None) -> TenantScope:
        """The scope of a tenant's name."""
        return TenantScope(tenant or self.default_tenant, self.region)


class SignIn:
    """`wall` gives unix seconds, `clock` seconds that never jump."""

    def __init__(
        self,
        accounts: Accounts,
        passwords: Passwords,
        places: Places,
        *,
        wall: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self.passwords = passwords
        self._accounts = accounts
        self._places = places
        self._wall = wall
        self._clock = clock
        self._of_source = Tries(burst=10, every_s=6.0)
        # Names are tried by guessers too: it delays the user at worst, to whom a link is still open.
        self._of_name = Tries(burst=10, every_s=12.0)

    async def by_link(self, token: str) -> str:
        """The token of a new session, for that of a link. Raises LinkGone."""
        tenant = tenant_of(token)
        if tenant is None:
            raise LinkGone
        scope = self._places.scope(tenant)
        session_token, session = self._new_session(scope, user="", came_by="link")
        if not await self._accounts.use_link(scope, hash_of(token), session):
            raise LinkGone
        return session_token

    async def by_password(self, name: str, password: str, *, source: str) -> str:
        """The token of a new session. `name` is a user's, or USER@TENANT. Raises WrongPassword, TooManyTries."""
        user_name, _, tenant = name[:NAME_LENGTH_MAX].strip().partition("@")
        scope = self._places.scope(tenant if is_tenant_name(tenant) else None)
        tried = ((self._of_source, block_of(source)), (self._of_name, f"{user_name.lower()}@{scope}"))
        for tries, who in tried:
            if wait_s := tries.wait_s(who, self._clock()):
                raise TooManyTries(wait_s)
        user = await self._accounts.user(scope, user_name) if not tenant or scope.tenant == tenant else None
        if not await self.passwords.is_right(password, None if user is None else user.password_hash):
            raise WrongPassword
        for tries, who in tried:
            tries.give_back(who)
        token, session = self._new_session(scope, user=user_name, came_by="password")
        await self._accounts.add_session(scope, session)
        return token

    async def who(self, token: str) -> SignedIn | None:
        """Whose session this token is of, if it is still good; that it was used is noted."""
        tenant = tenant_of(token)
        if tenant is None:
            return None
        scope, now = self._places.scope(tenant), self._wall()
        session = await self._accounts.session(scope, hash_of(token), at=now)
        if session is None or now - session.seen_at >= IDLE_MAX_S:
            return None
        user = await self._accounts.user(scope, session.user)
        if user is None:
            return None
        if now - session.seen_at >= SEEN_EVERY_S:
            await self._accounts.see_session(scope, session.token_hash, at=now)
        return SignedIn(scope, user, session)

    async def out(self, signed_in: SignedIn) -> None:
        """Ends the session."""
        await self._accounts.end_session(signed_in.scope, signed_in.session.token_hash)

    async def set_password(self, signed_in: SignedIn, password: str, *, current: str | None) -> None:
        """Sets a password and ends every other session. Raises WeakPassword, WrongCurrentPassword, TooManyTries.

        Who came by a link need not know the password that was: it may be what they forgot.
        """
        check_strength(password)
        user, session = signed_in.user, signed_in.session
        if session.came_by != "link":
            await self._check_current(signed_in, current)
        new_hash = await self.passwords.hash(password)
        # The later password stands, and a wall clock that was set back must not make this one the earlier.
        at = max(self._wall(), user.password_set_at + 0.001)
        await self._accounts.set_password(signed_in.scope, user.name, new_hash, at=at, keep=session.token_hash)

    async def _check_current(self, signed_in: SignedIn, current: str | None) -> None:
        # A browser that was left open must not be a way to guess the password.
        who = f"{signed_in.user.name.lower()}@{signed_in.scope}"
        if wait_s := self._of_name.wait_s(who, self._clock()):
            raise TooManyTries(wait_s)
        if current is None or not await self.passwords.is_right(current, signed_in.user.password_hash):
            raise WrongCurrentPassword
        self._of_name.give_back(who)

    def _new_session(self, scope: TenantScope, *, user: str, came_by: CameBy) -> tuple[str, Session]:
        token, now = new_token(scope.tenant), self._wall()
        return token, Session(hash_of(token), user, came_by, signed_in_at=now, seen_at=now, ends_at=now + AGE_MAX_S)


def me(signed_in: SignedIn) -> Me:
    """What to tell somebody of themselves."""
    user = signed_in.user
    has_password = user.password_hash is not None
    return Me(user.name, signed_in.scope.tenant, user.role, has_password, must_set_password=not has_password)


def block_of(source: str) -> str:
    """Whom tries count for: an IPv4 address, or the /64 that any one IPv6 host has all of."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped.compressed if address.ipv4_mapped else str(int(address) >> 64)
    return source
