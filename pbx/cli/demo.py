"""`pbx demo`: a PBX with two extensions that has just called itself both ways and says what it heard."""

import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import structlog
import trio
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pbx.apps.voicemail.wav_length import wav_duration_s
from pbx.blobs.interface import BlobError
from pbx.cli.options import DATA, Data, Json
from pbx.cli.portal_link import new_link
from pbx.cli.serve import Sip, Urls, machine_trouble, with_sip_address
from pbx.cli.stop import Stop
from pbx.cli.web_address import WebOption, web_address
from pbx.config import folder as data_folder
from pbx.config.load import SERVER_FILE, Config, load
from pbx.events.voicemail_message import Message
from pbx.observe.logs import set_up_logs
from pbx.self_test import make_guest, run_self_test
from pbx.server import Server
from pbx.sip.uri import write_hostport
from pbx.site import run_site
from pbx.supervise import run_web
from pbx.testphone.self_test import SelfTestResult
from pbx.testphone.voicemail_call import VoicemailResult

PASSWORDS_FILE = "demo-passwords.json"
SAMPLE_FILE = "demo-message-left"  # empty: the first extension has had its sample of a message
FAILED = 1
LOG_LEVEL = "warning"
SAMPLE_S = 2.0  # for storage that does not answer the demo waits no longer
PORTAL_START_S = 5.0  # after the self-test, which takes longer as a rule; then the demo goes on without it

log = structlog.get_logger()

SelfTestOnly = Annotated[
    bool, Parameter(name="--self-test-only", negative="", help="Stop after the self-test; exit code 1 if it failed.")
]


class DemoExtension(msgspec.Struct, frozen=True):
    """What somebody types into a phone. No password and PIN where `pbx init` made the folder: it kept none."""

    number: str
    name: str
    password: str | None
    pin: str | None  # of its mailbox


class Kept(msgspec.Struct, frozen=True):
    """What the demo keeps of an extension that it made."""

    password: str
    pin: str


class Facts(msgspec.Struct, frozen=True):
    """The first line of `--json`."""

    portal: str | None  # a one-time link into it
    tenant: str
    domain: str
    extensions: tuple[DemoExtension, ...]
    numbers: dict[str, str]
    sip: str
    web: str | None  # None: there is none, or it is not up in time, and the log says why
    self_test: SelfTestResult


def demo(
    *,
    data: Data = DATA,
    sip: Sip = None,
    web: WebOption = None,
    json: Json = False,
    self_test_only: SelfTestOnly = False,
) -> int:
    """Run a PBX with two extensions that has just tested itself.

    The first start makes the data folder, with passwords of its own; the second one keeps everything.
    """
    passwords = _prepare(data)
    config = with_sip_address(load(data), sip)
    portal = web_address(web, config.server.web)
    set_up_logs(level=LOG_LEVEL, format=config.server.log.format)
    with machine_trouble():
        result = trio.run(_demo, config, passwords, portal, json, self_test_only)
    return 0 if result.ok or not self_test_only else FAILED


async def _demo(
    config: Config, passwords: dict[str, Kept], portal: tuple[str, int] | None, json: bool, self_test_only: bool
) -> SelfTestResult:
    guest = make_guest(config.default_tenant)
    async with trio.open_nursery() as nursery:
        stop = Stop(nursery.cancel_scope)
        await nursery.start(stop.at_signal)
        server = await nursery.start(run_site, config, (guest.tenant,))
        urls = Urls()
        if portal is not None:
            # Beside the self-test.
            nursery.start_soon(stop.first, run_web, config.folder, portal, urls.put, LOG_LEVEL)
        result, message = await run_self_test(server, guest)
        if result.ok and message is not None:
            await _leave_sample(config, server, message)
        url = None
        with trio.move_on_after(PORTAL_START_S if portal is not None else 0):
            url = await urls.first()
        link = None if url is None else await new_link(config, url)
        facts = _facts(config, server, passwords, result, url, link)
        if json:
            sys.stdout.write(msgspec.json.encode(facts).decode() + "\n")
        else:
            _print(facts, Console())
        sys.stdout.flush()
        if self_test_only:
            await stop.now()
    return result


async def _leave_sample(config: Config, server: Server, audio: bytes) -> None:
    """The self-test's message, once, for the first extension that the demo made: something to hear in the portal."""
    marker, tenant = config.folder / SAMPLE_FILE, config.default_tenant
    if marker.exists() or not (config.folder / PASSWORDS_FILE).exists():
        return
    at = server.parts.wall()
    message = Message(
        id=f"{round(at * 1000):013d}-self-test",
        box=next(iter(tenant.extensions)),
        from_number="",  # nobody who could be called back
        from_name="self-test",
        at=at,
        duration_s=wav_duration_s(audio),
        heard=False,
    )
    try:
        with trio.fail_after(SAMPLE_S):
            await server.voicemail.mailboxes.deliver(server.tenants.scope(tenant), message, audio)
        marker.touch(mode=0o600)
    except (BlobError, trio.TooSlowError, OSError) as error:
        log.warning("no sample of a message left", error=str(error))  # the next start tries again


def _prepare(data: Path) -> dict[str, Kept]:
    """Makes the folder if there is none; what its extensions type, as far as it is known."""
    file = data / PASSWORDS_FILE
    if not (data / SERVER_FILE).exists():
        made = data_folder.init(data)
        passwords = {each.number: Kept(each.password, each.pin) for each in made.extensions}
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(msgspec.json.encode(passwords))
    return msgspec.json.decode(file.read_bytes(), type=dict[str, Kept]) if file.exists() else {}


def _facts(
    config: Config,
    server: Server,
    passwords: dict[str, Kept],
    result: SelfTestResult,
    url: str | None,
    link: str | None,
) -> Facts:
    tenant = config.default_tenant
    extensions = tuple(_extension(e.number, e.name, passwords.get(e.number)) for e in tenant.extensions.values())
    numbers = dict(tenant.plan.numbers)
    sip = write_hostport(*server.endpoint.local)
    return Facts(link, tenant.name, tenant.domains[0], extensions, numbers, sip, url, result)


def _extension(number: str, name: str, kept: Kept | None) -> DemoExtension:
    if kept is None:
        return DemoExtension(number, name, None, None)
    return DemoExtension(number, name, kept.password, kept.pin)


def _print(facts: Facts, console: Console) -> None:
    phones = Table("extension", "name", "password", "PIN", title=f"tenant {facts.tenant}", title_justify="left")
    for extension in facts.extensions:
        unknown = "as `pbx init` printed it"
        phones.add_row(extension.number, extension.name, extension.password or unknown, extension.pin or unknown)
    console.print(phones)
    console.print(f"SIP server  {facts.sip} (UDP), domain {facts.domain}")
    console.print("to dial     " + ", ".join(f"{number} {node}" for number, node in facts.numbers.items()))
    console.print(f"portal      {facts.portal or 'none now'}\n", soft_wrap=True, highlight=False)
    _print_self_test(facts.self_test, console)


def _print_self_test(result: SelfTestResult, console: Console) -> None:
    table = Table("call", "heard by", "sent", "found", "lost", "delay", "MOS", title="self-test", title_justify="left")
    for call in result.calls:
        for leg in call.legs:
            table.add_row(
                f"{call.from_number} → {call.to_number}",
                leg.phone,
                f"{leg.sent_hz:g} Hz, {leg.sent_packets} packets",
                "nothing" if leg.found_hz is None else f"{leg.found_hz:g} Hz at {leg.found_level_dbfs} dBFS",
                "?" if leg.lost_ratio is None else f"{leg.lost_ratio:.1%}",
                "?" if leg.delay_ms is None else f"{leg.delay_ms:.0f} ms",
                "?" if leg.mos is None else f"{leg.mos:.1f}",
            )
    if result.voicemail is not None:
        table.add_row(*_voicemail_row(result.voicemail))
    console.print(table)
    if result.ok:
        left = " and a message" if result.voicemail is not None else ""
        console.print(f"[green]the self-test passed: audio both ways{left}[/green]")
    for cause in result.causes:
        console.print(f"[red]failed:[/red] {escape(cause)}", highlight=False)


def _voicemail_row(result: VoicemailResult) -> tuple[str, ...]:
    """As the calls' rows. A recording tells neither loss nor delay."""
    return (
        f"{result.from_number} → {result.to_number}",
        "voicemail",
        f"{result.sent_hz:g} Hz, {result.sent_s:g} s",
        "nothing"
        if result.found_hz is None
        else f"{result.found_hz:g} Hz at {result.found_level_dbfs} dBFS, {result.found_s} s",
        *("–", "–", "–"),
    )
