"""Who may sign in to the portal: users, one-time links and sessions, as every Store keeps them.

The rules are the Store's (see `interface.py`): every call names a scope, and every call may be made again, even after
later ones. So what has ended stays noted as ended until its time is over: a late repetition brings nothing back.

No secret is kept: of passwords an argon2id hash, of the tokens of links and sessions a SHA-256 (they are random, 256
bits: nobody guesses them, however fast the hash). All times are unix seconds, and the caller's.
"""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from pbx.tenants.scope import TenantScope

Role: TypeAlias = Literal["admin"]
CameBy: TypeAlias = Literal["link", "password"]

SESSIONS_MAX = 20  # of one user; with one more, the one that was used longest ago ends
LINKS_MAX = 10  # of one user, unused; with one more, the oldest is no longer good


class User(Struct, frozen=True):
    """Somebody who may sign in. `password_hash` None: only by a link."""

    name: str
    role: Role
    created_at: float
    password_hash: str | None = None
    password_set_at: float = 0.0


class SignInLink(Struct, frozen=True):
    """A way in that is good once, until `expires_at`."""

    token_hash: str
    user: str
    expires_at: float


class Session(Struct, frozen=True):
    """A browser that is signed in: until `ends_at` at the latest, or until it is ended."""

    token_hash: str
    user: str
    came_by: CameBy
    signed_in_at: float
    seen_at: float
    ends_at: float


class Accounts(Protocol):
    """See the module. A name that is nobody's raises StoreRefused where it has to be somebody's."""

    async def users(self, scope: TenantScope) -> Sequence[User]:
        """All users, by name."""

    async def user(self, scope: TenantScope, name: str) -> User | None:
        """One user; None if there is none of that name."""

    async def add_user(self, scope: TenantScope, user: User) -> None:
        """Keeps a new user; one that is there stays as it is."""

    async def set_password(
        self, scope: TenantScope, name: str, password_hash: str, *, at: float, keep: str | None = None
    ) -> None:
        """Sets a password and ends every session and link that the user had, but the session with token hash `keep`.

        That one counts from now on as come by password. A password that was set later than `at` stands.
        """

    async def add_link(self, scope: TenantScope, link: SignInLink) -> None:
        """Keeps a link."""

    async def use_link(self, scope: TenantScope, token_hash: str, session: Session) -> bool:
        """Turns a link into `session` at `session.signed_in_at`; False if it is unknown, expired, or was used.

        The session's user is the link's, whatever it says. Of two that ask at once, one gets it. The one that got it
        and asks again, with the same session, is told so again.
        """

    async def add_session(self, scope: TenantScope, session: Session) -> None:
        """Keeps a session; one that was ended stays ended."""

    async def session(self, scope: TenantScope, token_hash: str, *, at: float) -> Session | None:
        """The session, unless it was ended or its time was over at `at`."""

    async def sessions(self, scope: TenantScope, name: str, *, at: float) -> Sequence[Session]:
        """A user's sessions at `at`, the one used last first."""

    async def see_session(self, scope: TenantScope, token_hash: str, *, at: float) -> None:
        """Notes that a session was in use at `at`."""

    async def end_session(self, scope: TenantScope, token_hash: str) -> None:
        """Ends a session; one that is not there is no error."""
