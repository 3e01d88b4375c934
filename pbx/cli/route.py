"""`pbx route`: what would become of a call, and why. Asks the configuration alone, not a running server."""

import sys
import time
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from cyclopts import Parameter

from pbx.cli.options import DATA, Data, Json
from pbx.cli.trouble import MISUSED, Trouble
from pbx.config.load import Config, load
from pbx.routing.explain import Explanation, explain, in_words
from pbx.routing.spelling import did_you_mean
from pbx.routing.step import Facts, Finished, Outcome
from pbx.routing.trial import OUTCOMES, moment, outcome
from pbx.tenants.tenant import Tenant


def route(
    from_number: Annotated[str, Parameter(name="FROM", help="Who calls.")],
    to_number: Annotated[str, Parameter(name="TO", help="What they dial.")],
    /,
    *,
    at: Annotated[str | None, Parameter(help="2026-11-28T19:00, the tenant's time; now if not given.")] = None,
    tenant: Annotated[str | None, Parameter(help="The tenant's name; the default tenant if not given.")] = None,
    registered: Annotated[str | None, Parameter(help="Who has a phone: 101,102; unknown if not given.")] = None,
    outcomes: Annotated[str, Parameter(help="What each ringing comes to, in order: busy,no_answer,486.")] = "",
    data: Data = DATA,
    json: Json = False,
) -> int:
    """Say where a call would go, every step with its reason.

    This is the very function that routes live calls. What was not said is unknown, and the route stops there.
    """
    config = load(data)
    owner = _tenant(config, tenant)
    facts = Facts(
        from_number=from_number,
        to_number=to_number,
        at=time.time() if at is None else _moment(at, owner),
        time_zone=owner.time_zone,
        registered=None if registered is None else frozenset(_listed(registered)),
    )
    explanation = explain(owner.plan, facts, [_outcome(name) for name in _listed(outcomes)])
    if json:
        sys.stdout.write(msgspec.json.encode(_as_json(owner, facts, explanation)).decode() + "\n")
    else:
        _print(owner, facts, explanation)
    return 0


def _tenant(config: Config, name: str | None) -> Tenant:
    if name is None:
        return config.default_tenant
    if name not in config.tenants:
        raise Trouble(f"no tenant named {name!r}", did_you_mean(name, config.tenants), exit_code=MISUSED)
    return config.tenants[name]


def _moment(text: str, tenant: Tenant) -> float:
    try:
        return moment(text, tenant.time_zone)
    except (ValueError, OverflowError) as error:
        raise Trouble(f"no time: {text!r}", "write it as 2026-11-28T19:00", exit_code=MISUSED) from error


def _outcome(name: str) -> Outcome | Finished:
    try:
        return outcome(name)
    except ValueError as error:
        remedy = f"use {', '.join(OUTCOMES)}, press DIGITS, or a SIP status"
        raise Trouble(str(error), remedy, exit_code=MISUSED) from error


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _as_json(tenant: Tenant, facts: Facts, explanation: Explanation) -> dict[str, object]:
    return {
        "tenant": tenant.name,
        "from": facts.from_number,
        "to": facts.to_number,
        "at": _local(facts).isoformat(timespec="seconds"),
        "steps": explanation.steps,
        "result": {**msgspec.to_builtins(explanation.result), "text": in_words(explanation.result)},
    }


def _print(tenant: Tenant, facts: Facts, explanation: Explanation) -> None:
    from rich.console import Console  # here: `--json` need not wait for it
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, title_justify="left")
    for heading in ("node", "outcome", "reason"):
        table.add_column(heading, overflow="fold")
    for step in explanation.steps:
        table.add_row(escape(step.node), escape(step.outcome), escape(step.reason))
    console = Console(highlight=False)
    when = _local(facts).strftime("%a %Y-%m-%d %H:%M %Z")
    console.print(
        f"{escape(facts.from_number)} dials {escape(facts.to_number)} in {tenant.name}, {when}\n", soft_wrap=True
    )
    console.print(table)
    console.print(f"\n→ {escape(in_words(explanation.result))}", soft_wrap=True)
    if explanation.unused:
        console.print(f"{explanation.unused} of the outcomes given were never asked for", soft_wrap=True)


def _local(facts: Facts) -> datetime:
    return datetime.fromtimestamp(facts.at or 0.0, ZoneInfo(facts.time_zone))
