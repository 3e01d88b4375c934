"""Makes sign-in links, in the Store of a data folder, whether or not a server runs on it."""

import time

from pbx.config.load import Config
from pbx.store.sqlite import SqliteStore
from pbx.tenants.scope import TenantScope
from pbx.web.auth.sign_in_link import ADMIN, has_password, link_url, make_sign_in_link

STORE_FILE = "store.sqlite"


async def new_link(config: Config, base_url: str, *, scope: TenantScope | None = None, user: str = ADMIN) -> str:
    """The address to open; `scope` None is the default tenant's. Raises StoreError."""
    scope = scope or config.scope(config.server.default_tenant)
    with SqliteStore(config.folder / STORE_FILE) as store:
        return link_url(base_url, await make_sign_in_link(store.accounts, scope, user=user, at=time.time()))


async def is_password_set(config: Config) -> bool:
    """Whether somebody of the default tenant can sign in without a link. Raises StoreError."""
    with SqliteStore(config.folder / STORE_FILE) as store:
        return await has_password(store.accounts, config.scope(config.server.default_tenant))
