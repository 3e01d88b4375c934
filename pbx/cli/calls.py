"""`pbx calls`: what the running PBX has on the line now."""

import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
import trio
from cyclopts import Parameter
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pbx.bus.folder import connect_in
from pbx.bus.interface import EVERY_TENANT, BusError
from pbx.cli.options import DATA, Data, Json
from pbx.cli.trouble import Trouble
from pbx.config.load import load
from pbx.events.live_call import LiveCall
from pbx.tenants.scope import TenantScope

REFRESH_S = 1.0
PATIENCE_S = 5.0

Tenant = Annotated[str | None, Parameter(name="--tenant", help="Only this tenant's calls.")]
Watch = Annotated[bool, Parameter(name="--watch", negative="", help="Go on until Ctrl-C, once a second.")]


def calls(*, data: Data = DATA, tenant: Tenant = None, watch: Watch = False, json: Json = False) -> int:
    """Show the calls of the running PBX: who talks with whom, and since when."""
    config = load(data)
    scope = config.scope(tenant or EVERY_TENANT)
    try:
        trio.run(_watch if watch else _once, data, scope, json)
    except KeyboardInterrupt:
        return 0
    except BusError as error:
        raise Trouble(str(error), f"start a server: pbx serve --data {data}") from error
    return 0


async def _once(folder: Path, scope: TenantScope, json: bool) -> None:
    live = await _live(folder, scope)
    if json:
        for call in live:
            sys.stdout.write(msgspec.json.encode(call).decode() + "\n")
    else:
        Console().print(_table(live))


async def _watch(folder: Path, scope: TenantScope, json: bool) -> None:
    if json:
        while True:
            await _once(folder, scope, json)
            sys.stdout.flush()
            await trio.sleep(REFRESH_S)
    with Live(console=Console(), auto_refresh=False) as screen:
        while True:
            screen.update(_table(await _live(folder, scope)), refresh=True)
            await trio.sleep(REFRESH_S)


async def _live(folder: Path, scope: TenantScope) -> list[LiveCall]:
    async with connect_in(folder) as bus:
        answer = await bus.request(scope, "calls.list", timeout_s=PATIENCE_S)
    return msgspec.json.decode(answer, type=list[LiveCall])


def _table(live: list[LiveCall]) -> Table:
    table = Table("tenant", "from", "to", "with", "state", "for", title=f"{len(live)} calls", title_justify="left")
    now = time.time()
    for call in live:
        since_s = int(now - (call.answered_at or call.started_at))
        lasts = f"{since_s // 60}:{since_s % 60:02}"
        # Callers choose what they dial: it is text, not Rich's mark-up.
        cells = (call.tenant, call.from_number, call.to_number, ", ".join(call.parties), call.phase, lasts)
        table.add_row(*map(Text, cells))
    return table
