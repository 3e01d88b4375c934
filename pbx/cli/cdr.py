"""`pbx cdr`: the calls that are over, from the Store; a server need not run."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import trio
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pbx.cdr.cdr import Cdr
from pbx.cli.options import DATA, Data, Json
from pbx.cli.trouble import MISUSED, Trouble
from pbx.config.load import load
from pbx.routing.spelling import did_you_mean
from pbx.store.interface import PAGE_MAX, StoreError
from pbx.store.sqlite import SqliteStore
from pbx.tenants.scope import TenantScope

STORE_FILE = "store.sqlite"

Tenant = Annotated[str | None, Parameter(name="--tenant", help="Whose calls; the default tenant's if not given.")]
Limit = Annotated[int, Parameter(name="--limit", help="How many, the newest first.")]


def cdr(*, data: Data = DATA, tenant: Tenant = None, limit: Limit = 20, json: Json = False) -> int:
    """Show the calls that are over, the newest first."""
    config = load(data)
    if tenant is not None and tenant not in config.tenants:
        raise Trouble(f"no tenant named {tenant!r}", did_you_mean(tenant, config.tenants), exit_code=MISUSED)
    if not 1 <= limit <= PAGE_MAX:
        raise Trouble(f"--limit {limit}", f"write a number from 1 to {PAGE_MAX}", exit_code=MISUSED)
    owner = config.tenants[tenant or config.server.default_tenant]
    store = config.folder / STORE_FILE
    try:
        # There is no file where no server ever ran; looking must not make one.
        cdrs = trio.run(_newest, store, config.scope(owner.name), limit) if store.exists() else ()
    except StoreError as error:
        raise Trouble(str(error), "look whether the data folder can be read, and try again") from error
    if json:
        for each in cdrs:
            sys.stdout.write(msgspec.json.encode(each).decode() + "\n")
    else:
        Console().print(_table(cdrs, ZoneInfo(owner.time_zone)))
    return 0


async def _newest(path: Path, scope: TenantScope, limit: int) -> tuple[Cdr, ...]:
    with SqliteStore(path) as store:
        return (await store.cdrs(scope, limit=limit)).cdrs


def _table(cdrs: tuple[Cdr, ...], zone: ZoneInfo) -> Table:
    table = Table("began", "from", "to", "with", "how it ended", "talked", "MOS", title_justify="left")
    for each in cdrs:
        began = datetime.fromtimestamp(each.started_at, zone).strftime("%Y-%m-%d %H:%M:%S")
        answered = [leg.party for leg in each.legs if leg.role == "callee" and leg.answered_at is not None]
        talked = f"{int(each.talk_s) // 60}:{int(each.talk_s) % 60:02}" if each.answered_at is not None else ""
        how = each.disposition if each.reason in ("", "hung up") else f"{each.disposition}: {each.reason}"
        # Callers choose their names and what they dial: it is text, not Rich's mark-up.
        table.add_row(
            *map(Text, (began, each.from_number, each.to_number, ", ".join(answered), how, talked, _mos(each)))
        )
    return table


def _mos(each: Cdr) -> str:
    heard = [leg.media.mos for leg in each.legs if leg.media is not None and leg.media.mos is not None]
    return f"{min(heard):.1f}" if heard else ""
