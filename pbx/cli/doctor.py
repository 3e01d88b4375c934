"""`pbx doctor`: what this machine and configuration give, in words, and what to do about what is amiss."""

import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pbx.cli.options import DATA, Data, Json
from pbx.cli.trouble import FAILED
from pbx.config.load import load
from pbx.doctor.finding import Finding, Level
from pbx.doctor.gather import gather
from pbx.doctor.judge import judge

STYLES: dict[Level, str] = {"ok": "green", "advice": "yellow", "problem": "bold red"}


def doctor(*, data: Data = DATA, json: Json = False) -> int:
    """Say what this machine and configuration give: ports, addresses, NAT, clock, limits, disk, a running server.

    Advice is about what works less well than it could; only problems fail the command.
    """
    facts = gather(load(data))
    findings = judge(facts)
    is_sound = not any(finding.level == "problem" for finding in findings)
    if json:
        told = {"ok": is_sound, "findings": findings, "facts": facts}
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    else:
        console = Console()
        console.print(_table(findings))
        console.print(_summary(findings))
    return 0 if is_sound else FAILED


def _table(findings: Sequence[Finding]) -> Table:
    table = Table("", "about", "what is so", box=None, pad_edge=False, show_header=False)
    for finding in findings:
        # Paths and names are text, not Rich's mark-up.
        said = Text(finding.said)
        if finding.next:
            said.append(f"\n→ {finding.next}", style="dim" if finding.level == "ok" else "")
        table.add_row(Text(finding.level, STYLES[finding.level]), Text(finding.topic), said)
    return table


def _summary(findings: Sequence[Finding]) -> str:
    problems = sum(finding.level == "problem" for finding in findings)
    advice = sum(finding.level == "advice" for finding in findings)
    if not problems and not advice:
        return "all is well"
    return f"{problems or 'no'} problem{'' if problems == 1 else 's'}, {advice or 'no'} advice"
