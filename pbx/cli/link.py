"""`pbx link`: a new one-time link into the portal."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import trio
from cyclopts import Parameter

from pbx.cli.options import DATA, Data, Json
from pbx.cli.portal_link import new_link
from pbx.cli.trouble import MISUSED, Trouble
from pbx.config.load import Config, load
from pbx.routing.spelling import did_you_mean
from pbx.store.interface import StoreError, StoreRefused
from pbx.web.auth.sign_in_link import ADMIN, GOOD_FOR_S

URL_FILE = "web.url"

User = Annotated[str, Parameter(name="--user", help="Whom it signs in.")]
Tenant = Annotated[str | None, Parameter(name="--tenant", help="Whose user; the default tenant's if not given.")]


def link(*, data: Data = DATA, user: User = ADMIN, tenant: Tenant = None, json: Json = False) -> int:
    """Print a link that signs in to the portal, once, within 15 minutes.

    Whoever can write the data folder may make one: it is the way back for a forgotten password.
    """
    config = load(data)
    if tenant is not None and tenant not in config.tenants:
        raise Trouble(f"no tenant named {tenant!r}", did_you_mean(tenant, config.tenants), exit_code=MISUSED)
    scope = config.scope(tenant or config.server.default_tenant)
    try:
        url = trio.run(lambda: new_link(config, _base_url(config), scope=scope, user=user))
    except StoreRefused as error:
        raise Trouble(str(error), "`pbx link` without --user is for admin", exit_code=MISUSED) from error
    except StoreError as error:
        raise Trouble(str(error), "look whether the data folder can be written, and try again") from error
    if json:
        sys.stdout.write(msgspec.json.encode({"link": url, "good_for_s": GOOD_FOR_S}).decode() + "\n")
    else:
        print(url)
        print(f"good once, for {GOOD_FOR_S / 60:.0f} minutes", file=sys.stderr)
    return 0


def _base_url(config: Config) -> str:
    """Where the portal of the running server is; without one, where the next one's will be."""
    said: Path = config.folder / URL_FILE
    if said.exists():
        return said.read_text().strip()
    host = config.server.web.host
    return f"http://{f'[{host}]' if ':' in host else host}:{config.server.web.port}"
