"""Asterisk as a phone: chan_pjsip registers one extension, answers what rings, and calls when it is told to.

It says a tone and keeps what it hears in a file. It is the newest Debian's, from the folder that `bench/peers/peers.sh`
makes; its whole configuration stands in the test's folder, with ports of its own. The test speaks to it over its
manager interface (AMI): blocks of `Name: value` lines, actions one way, their responses and events the other.
"""

import re
import socket
import wave
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

import numpy as np
import trio

from tests.support.free_ports import free_port, free_port_range
from tests.support.pbx_process import PbxProcess
from tests.support.peers import PEERS_SCRIPT
from tests.support.stage import WAIT_S, InVain, Program, Stage, eventually, eventually_async

RATE = 8000  # samples a second
WAV_HEADER_BYTES = 44
SECRET = "manager"  # the manager listens on the loopback alone, for as long as the test

# Only what a phone needs: it is up within a second, and nothing asks for databases or devices.
MODULES = (
    *("res_pjproject", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_timing_timerfd"),
    *("res_pjsip", "res_pjsip_session", "res_pjsip_sdp_rtp", "res_pjsip_caller_id"),
    *("res_pjsip_outbound_authenticator_digest", "res_pjsip_outbound_registration", "res_pjsip_endpoint_identifier_ip"),
    *("res_pjsip_pubsub", "res_pjsip_mwi", "res_rtp_asterisk", "chan_pjsip", "codec_ulaw", "codec_alaw", "format_wav"),
    *("pbx_config", "app_mixmonitor", "app_playtones", "func_callerid"),
)

CONFIGURATION = {
    "asterisk.conf": """\
[directories]
astetcdir => {folder}
astrundir => {folder}
astlogdir => {folder}
astspooldir => {folder}
astdbdir => {folder}
[options]
nocolor = yes
""",
    "modules.conf": "[modules]\nautoload = no\n{modules}",
    "logger.conf": "[general]\n[logfiles]\nconsole => error,warning,verbose\n",
    "rtp.conf": "[general]\nrtpstart = {rtp_first}\nrtpend = {rtp_last}\n",
    "manager.conf": """\
[general]
enabled = yes
bindaddr = 127.0.0.1
port = {manager_port}
[test]
secret = {secret}
read = all
write = all
""",
    "extensions.conf": """\
[phone]
exten => _X.,1,Answer()
 same => n,MixMonitor({folder}/both.wav,r({folder}/heard.wav))
 same => n,PlayTones({tone_hz})
 same => n,Wait(60)
""",
    # `contact_user` is the extension that a call to us rings here; the domain is found by the proxy, not by DNS.
    "pjsip.conf": """\
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{sip_port}

[pbx]
type = registration
transport = udp
outbound_auth = pbx
outbound_proxy = sip:{server}\\;lr
server_uri = sip:{domain}
client_uri = sip:{number}@{domain}
contact_user = {number}
expiration = 120
max_random_initial_delay = 0

[pbx]
type = auth
auth_type = digest
username = {number}
password = {password}

[pbx]
type = aor

[pbx]
type = endpoint
transport = udp
context = phone
aors = pbx
outbound_auth = pbx
outbound_proxy = sip:{server}\\;lr
from_user = {number}
from_domain = {domain}
disallow = all
allow = {codec}
direct_media = no
send_pai = yes
trust_id_outbound = yes
incoming_mwi_mailbox = {number}@pbx

[pbx]
type = identify
endpoint = pbx
match = 127.0.0.1
""",
}

Block = dict[str, str]


class Asterisk:
    """One registered phone. `ear` is what it heard, once its call is over."""

    def __init__(self, program: Program, folder: Path, sip_port: int, domain: str, manager: trio.SocketStream) -> None:
        self.program = program
        self.folder = folder
        self.sip_port = sip_port
        self.events: list[Block] = []
        self._domain = domain
        self._manager = manager
        self._responses: dict[str, Block] = {}
        self._action_ids = count(1)
        self._news = trio.Event()

    async def dial(self, number: str) -> None:
        """Calls `number` of its own domain; when that answers, it hears the tone and is recorded."""
        channel = f"PJSIP/pbx/sip:{number}@{self._domain}"
        where = {"Context": "phone", "Exten": "100", "Priority": "1"}
        await self.ask("Originate", Channel=channel, Async="true", Timeout="15000", **where)

    async def hang_up(self) -> None:
        """Ends all its calls."""
        await self.ask("Hangup", Channel="/^PJSIP/")

    async def rename(self, name: str) -> None:
        """Says in the middle of its call that somebody else speaks now: by a re-INVITE with a full offer."""
        channel = (await self.wait_event(Event="Newchannel"))["Channel"]
        await self.ask("Setvar", Channel=channel, Variable="CONNECTEDLINE(all)", Value=f"{name} <555>")

    async def register(self) -> None:
        """Tells the registrar where it is; returns once that is confirmed."""
        await self.ask("PJSIPRegister", Registration="pbx")
        await self.wait_registered()

    async def unregister(self) -> None:
        """Takes its binding away."""
        await self.ask("PJSIPUnregister", Registration="pbx")
        await self.wait_registered(is_registered=False)

    async def wait_registered(self, *, is_registered: bool = True) -> None:
        """Returns once the registrar has confirmed that it is, or is no longer."""

        async def look() -> bool:
            told = await self.ask("Command", Command="pjsip show registrations")
            return bool(re.search(r"\sRegistered\b", told.get("Output", ""))) is is_registered

        await eventually_async(look, f"{self.program.name} is registered: {is_registered}")

    async def wait_event(self, *, within_s: float = WAIT_S, **fields: str) -> Block:
        """The first event that has all these fields."""
        found = await self._wait(lambda: self._event_with(fields), within_s)
        if found is None:
            raise InVain(f"{self.program.name} had no {fields} within {within_s} s, but {self.events}")
        return found

    async def wait_heard(self, seconds: float) -> None:
        """Returns once it has recorded that much, silence included."""
        path, bytes_wanted = self.folder / "heard.wav", WAV_HEADER_BYTES + int(seconds * RATE) * 2
        await eventually(
            lambda: path.exists() and path.stat().st_size >= bytes_wanted, f"{seconds} s of audio in {path}"
        )

    def ear(self) -> np.ndarray:
        """All that it heard, as samples between -1 and 1."""
        with wave.open(str(self.folder / "heard.wav")) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
            return np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768

    async def ask(self, action: str, **fields: str) -> Block:
        """The response to an action. Raises InVain where it is an error."""
        action_id = str(next(self._action_ids))
        lines = [f"Action: {action}", f"ActionID: {action_id}", *(f"{name}: {text}" for name, text in fields.items())]
        await self._manager.send_all("\r\n".join([*lines, "", ""]).encode())
        response = await self._wait(lambda: self._responses.pop(action_id, None), WAIT_S)
        if response is None or response["Response"] == "Error":
            raise InVain(f"{self.program.name}: {action} {fields} was answered {response}")
        return response

    async def listen(self) -> None:
        """Collects events and responses until Asterisk is gone; for `start_asterisk`."""
        buffer = b""
        async with self._manager:
            with suppress(trio.BrokenResourceError):  # it ended
                async for data in self._manager:
                    *blocks, buffer = (buffer + data).split(b"\r\n\r\n")
                    self._keep([read_block(block.decode(errors="replace")) for block in blocks])

    def _keep(self, blocks: list[Block]) -> None:
        for block in blocks:
            if "Response" in block:
                self._responses[block.get("ActionID", "")] = block
            else:
                self.events.append(block)
        self._news.set()
        self._news = trio.Event()

    def _event_with(self, fields: Block) -> Block | None:
        return next((event for event in self.events if fields.items() <= event.items()), None)

    async def _wait(self, look: Callable[[], Block | None], within_s: float) -> Block | None:
        with trio.move_on_after(within_s):
            while (found := look()) is None:
                await self._news.wait()
            return found
        return None


async def start_asterisk(
    stage: Stage, pbx: PbxProcess, number: str, *, tone_hz: float, codec: str = "PCMU"
) -> Asterisk:
    """An Asterisk of extension `number`, registered, whose voice is a sine; it answers at once."""
    folder = stage.folder / f"asterisk-{number}"
    assert folder.is_relative_to("/tmp"), f"{folder}: only /tmp is the same inside the peers' folder"
    folder.mkdir()
    sip_port, manager_port = free_port(), free_port(socket.SOCK_STREAM)
    rtp_ports = free_port_range(20)
    settings = {
        "folder": folder,
        "modules": "".join(f"load => {name}.so\n" for name in MODULES),
        "sip_port": sip_port,
        "rtp_first": rtp_ports[0],
        "rtp_last": rtp_ports[-1],
        "manager_port": manager_port,
        "secret": SECRET,
        "number": number,
        "domain": pbx.folder.domain,
        "password": pbx.folder.passwords[number],
        "server": pbx.sip,
        "codec": {"PCMU": "ulaw", "PCMA": "alaw"}[codec],
        "tone_hz": round(tone_hz),
    }
    for name, text in CONFIGURATION.items():
        (folder / name).write_text(text.format(**settings))
    command: list[str | Path] = [PEERS_SCRIPT, "exec", "asterisk", "-f", "-C", folder / "asterisk.conf"]
    program = await stage.start(f"asterisk {number}", command)
    await program.wait_line("Asterisk Ready")
    manager = await trio.open_tcp_stream("127.0.0.1", manager_port)
    await manager.receive_some()  # its greeting
    phone = Asterisk(program, folder, sip_port, pbx.folder.domain, manager)
    stage.run(phone.listen)
    await phone.ask("Login", Username="test", Secret=SECRET)
    await phone.wait_registered()
    return phone


def read_block(text: str) -> Block:
    """The fields of one AMI message; of a name that comes more than once (`Output`), all values, a line each."""
    block: Block = {}
    for line in text.split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            block[name] = f"{block[name]}\n{value.strip()}" if name in block else value.strip()
    return block
