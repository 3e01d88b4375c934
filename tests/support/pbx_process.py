"""The PBX as an operator runs it: a data folder made by `pbx init`, and `pbx serve` in a process of its own."""

import io
import json
import os
import re
import sys
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pbx.blobs.local import LocalBlobs
from pbx.bus.folder import connect_in
from pbx.bus.interface import EVERY_TENANT
from pbx.cdr.cdr import Cdr
from pbx.events.voicemail_message import Message, audio_key
from pbx.sip.auth import ha1
from pbx.store.interface import PAGE_MAX
from pbx.store.sqlite import SqliteStore
from pbx.tenants.scope import TenantScope
from tests.support.free_ports import bound_udp_ports, free_port_range
from tests.support.stage import WAIT_S, InVain, Program, Stage, eventually_async
from tests.support.tone_heard import RATE

PBX = Path(sys.executable).with_name("pbx")  # the command that installing the distribution made
START_S = 20.0
ASK_S = 5.0
TRANSACTION_S = 32.0
IMPATIENT_RING_S = 1
CALLS_MAX = 250
PORTS_PER_CALL = 4

SERVER = """\
default_tenant = "demo"

[rtp]
address = "127.0.0.1"
ports = [{first}, {last}]

[limits]
calls_max = {calls_max}

[log]
level = "debug"
"""

EXTENSION = """
[extensions.{number}]
name = "Phone {number}"
ha1.MD5 = "{digest}"
"""


@dataclass(frozen=True)
class DataFolder:
    """A configuration on disk, and the passwords that `pbx init` printed once."""

    path: Path
    domain: str
    passwords: dict[str, str]  # by extension number
    pins: dict[str, str]  # of those that have a mailbox
    scope: TenantScope
    rtp_ports: range

    @property
    def store(self) -> Path:
        """Where the CDRs end up."""
        return self.path / "store.sqlite"


async def make_data_folder(
    stage: Stage,
    *,
    more: Sequence[str] = (),
    impatient: Sequence[str] = (),
    has_voicemail: bool = False,
    numbers: Mapping[str, str] | None = None,
    nodes: str = "",
) -> DataFolder:
    """What `pbx init` makes (101 and 102), on RTP ports that nobody has now, with `more` extensions.

    Those that are `impatient` ring for IMPATIENT_RING_S only. Unless it `has_voicemail`, that is taken out. The plan
    has these `numbers` too, and these `nodes`, as TOML.
    """
    path = stage.folder / "data"
    program = await stage.start("pbx init", [PBX, "init", "--data", path, "--json"])
    assert await program.wait_exit(within_s=START_S) == 0
    made = json.loads(program.lines[0])
    passwords = {each["number"]: each["password"] for each in made["extensions"]}
    passwords |= {number: f"secret-{number}" for number in (*more, *impatient)}
    ports = free_port_range(CALLS_MAX * PORTS_PER_CALL)
    (path / "pbx.toml").write_text(SERVER.format(first=ports[0], last=ports[-1], calls_max=CALLS_MAX))
    tenant = path / "tenants" / f"{made['tenant']}.toml"
    if not has_voicemail:
        tenant.write_text(refusing(tenant.read_text()))
    dialled = "".join(f'"{number}" = "{node}"\n' for number, node in (numbers or {}).items())
    tenant.write_text(tenant.read_text().replace("[numbers]\n", f"[numbers]\n{dialled}") + nodes)
    with tenant.open("a") as file:
        for number in (*more, *impatient):
            ring_s = f"ring_s = {IMPATIENT_RING_S}\n" if number in impatient else ""
            digest = ha1(number, made["domain"], passwords[number], "MD5")
            file.write(EXTENSION.format(number=number, digest=digest) + ring_s)
    pins = {each["number"]: each["pin"] for each in made["extensions"]}
    return DataFolder(path, made["domain"], passwords, pins, TenantScope(made["tenant"]), ports)


def refusing(text: str) -> str:
    """The tenant of `pbx init` without voicemail: what those who are called answer is what the caller gets.

    Nor is any phone told of messages: SIPp's scenarios answer no NOTIFY.
    """
    plan, _, _ = text.partition("# Calls that must go")
    voicemail = re.compile(r'^((no_answer|busy|declined|unregistered) = "voicemail"|voicemail\.).*\n', re.MULTILINE)
    changed = voicemail.sub("", plan)
    assert len(changed.splitlines()) == len(plan.splitlines()) - 6, "the tenant of `pbx init` is not as it was"
    return changed


class PbxProcess:
    """A running `pbx serve`."""

    def __init__(self, program: Program, folder: DataFolder, address: tuple[str, int]) -> None:
        self.program = program
        self.folder = folder
        self.address = address
        self._was_killed = False

    @classmethod
    async def start(
        cls, stage: Stage, folder: DataFolder, *, sip: str = "127.0.0.1:0", web: str = "off"
    ) -> "PbxProcess":
        """Returns once it says where it listens. The stage checks, after its end, that it was sound."""
        command: list[str | Path] = [PBX, "serve", "--data", folder.path, "--sip", sip, "--web", web, "--json"]
        program = await stage.start("pbx serve", command)
        said = json.loads((await program.wait_line(r'^\{"sip".*\}$', within_s=START_S))[0])
        host, _, port = said["sip"].rpartition(":")
        pbx = cls(program, folder, (host, int(port)))
        stage.at_end.append(pbx.assert_was_sound)
        return pbx

    @property
    def sip(self) -> str:
        """HOST:PORT."""
        return f"{self.address[0]}:{self.address[1]}"

    async def kill(self) -> None:
        """`kill -9`."""
        self._was_killed = True
        await self.program.kill()

    def assert_was_sound(self) -> None:
        """It ended when and as it was told, and never met a mistake of its own."""
        assert self._was_killed or self.program.process.returncode == 0, f"exit code {self.program.process.returncode}"
        assert not [line for line in self.program.lines if "Traceback" in line or "call failed" in line]

    # -- what it says of itself ----------------------------------------------------------------------------------------

    async def cdrs(self) -> list[Cdr]:
        """The records that the Store has now, the oldest call first."""
        with SqliteStore(self.folder.store) as store:
            return list(reversed((await store.cdrs(self.folder.scope, limit=PAGE_MAX)).cdrs))

    async def wait_cdrs(self, count: int) -> list[Cdr]:
        """All records, once there are `count`."""

        async def look() -> list[Cdr] | None:
            cdrs = await self.cdrs()
            return cdrs if len(cdrs) >= count else None

        return await eventually_async(look, f"{count} CDRs")

    async def messages(self) -> list[Message]:
        """All messages in the tenant's mailboxes, the oldest first, as the web process asks for them."""
        async with connect_in(self.folder.path) as bus:
            answer = await bus.request(self.folder.scope, "voicemail.list", timeout_s=ASK_S)
        return list(reversed([Message(**each) for each in json.loads(answer)]))

    async def message_audio(self, message: Message) -> np.ndarray:
        """What was recorded, as samples between -1 and 1."""
        key = audio_key(message.box, message.id)
        async with LocalBlobs(self.folder.path / "blobs").get(self.folder.scope, key) as chunks:
            content = b"".join([chunk async for chunk in chunks])
        with wave.open(io.BytesIO(content)) as file:
            assert file.getparams()[:3] == (1, 2, RATE), file.getparams()
            return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768

    async def stats(self) -> dict[str, Any]:
        """What is open in it, and what it has counted; asked over its Bus, as the CLI asks."""
        async with connect_in(self.folder.path) as bus:
            answer = await bus.request(TenantScope(EVERY_TENANT), "server.stats", timeout_s=ASK_S)
        return dict(json.loads(answer))

    def descriptors(self) -> int:
        """How many files and sockets it has open, as the kernel counts them."""
        return len(os.listdir(f"/proc/{self.program.process.pid}/fd"))

    async def wait_nothing_left(self, *, with_transactions: bool = False) -> None:
        """Returns once all that calls take is given back.

        Transactions live on for 64 T1, 32 s, after their end (RFC 3261 17.2.2, RFC 6026 8.7): so long it takes to see
        them go.
        """
        within_s = WAIT_S + TRANSACTION_S if with_transactions else WAIT_S

        async def look() -> bool:
            return self._is_nothing_left(await self.stats(), with_transactions)

        try:
            await eventually_async(look, "nothing left", within_s=within_s)
        except InVain as error:
            raise InVain(f"{error}: {await self.stats()}") from None

    def _is_nothing_left(self, stats: dict[str, Any], with_transactions: bool) -> bool:
        left = [stats[name] for name in ("calls", "media_legs", "dialogs", "receivers")]
        left += [stats["spool"]["outbox"]]
        if with_transactions:
            left += [stats["sip"][name] for name in ("client_transactions", "server_transactions")]
        return not any(left) and not bound_udp_ports().intersection(self.folder.rtp_ports)
