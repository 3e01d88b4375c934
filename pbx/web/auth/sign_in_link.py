"""One-time sign-in links: the first way in, and the way back for whoever forgot a password.

    token = await make_sign_in_link(store.accounts, scope, at=time.time())
    print(f"{base_url}/sign-in#{token}")

The token stands behind the `#`: browsers send it to nobody, so it is in no log. Whoever can write the data folder may
make one; a server need not run.
"""

from pbx.store.accounts import Accounts, SignInLink, User
from pbx.tenants.scope import TenantScope
from pbx.web.auth.tokens import hash_of, new_token

ADMIN = "admin"  # the first user of a tenant
GOOD_FOR_S = 15 * 60.0


async def make_sign_in_link(accounts: Accounts, scope: TenantScope, *, user: str = ADMIN, at: float) -> str:
    """A new token. `admin` is made where it is missing; another name that is nobody's raises StoreRefused."""
    if user == ADMIN:
        await accounts.add_user(scope, User(ADMIN, "admin", created_at=at))
    token = new_token(scope.tenant)
    await accounts.add_link(scope, SignInLink(hash_of(token), user, expires_at=at + GOOD_FOR_S))
    return token


async def has_password(accounts: Accounts, scope: TenantScope) -> bool:
    """Whether anybody of the tenant can sign in without a link."""
    return any(user.password_hash is not None for user in await accounts.users(scope))


def link_url(base_url: str, token: str) -> str:
    """What to open in a browser."""
    return f"{base_url}/sign-in#{token}"
