"""A real phone: baresip in a process of its own, with a tone for a voice and a file for an ear.

Written for the baresip 1.0 of Debian 12. The test speaks to it over its TCP port (module ctrl_tcp): JSON in netstrings,
commands one way, their results and the phone's events the other.
"""

import json
import socket
import wave
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import trio

from tests.support.free_ports import free_port, free_port_range
from tests.support.pbx_process import PbxProcess
from tests.support.peers import require
from tests.support.prompt_heard import Said, said
from tests.support.stage import WAIT_S, InVain, Program, Stage, eventually
from tests.support.tone_heard import windows, without_tones

RATE = 8000  # samples a second, all through
TONE_S = 60  # longer than any test talks: aufile does not begin again at the file's end
TONE_PEAK = 0.5  # of full scale: -6 dBFS
WAV_HEADER_BYTES = 44
KEY_S = 0.3  # for each key: the phone ends one by the next
LISTEN_EVERY_S = 0.2
HZ_OFF, PURE_DB = 4.0, 20.0  # one bin
# Accounts name codecs and encryption, so those first.
MODULES = ("g711.so", "aufile.so", "aubridge.so", "sndfile.so", "srtp.so", "account.so")

CONFIG = """\
sip_listen          127.0.0.1:{sip_port}
net_interface       127.0.0.1
audio_path          {folder}
audio_source        aufile,{folder}/voice.wav
audio_player        aubridge,nobody
audio_alert         aubridge,nobody
ausrc_srate         8000
auplay_srate        8000
ausrc_channels      1
auplay_channels     1
rtp_ports           {rtp_first}-{rtp_last}
snd_path            {folder}
module_path         {modules_folder}
{modules}
module_app          menu.so
module_app          ctrl_tcp.so
statmode_default    off
ctrl_tcp_listen     127.0.0.1:{control_port}
"""

ACCOUNT = (
    '<sip:{number}@{domain}>;auth_pass={password};outbound="sip:{server}";regint=600;audio_codecs={codec}/8000/1;'
    "answermode={answermode}{mediaenc}\n"
)


class Baresip:
    """One registered phone. `ear` is what it heard in its newest call, `events` what happened in that."""

    def __init__(self, program: Program, folder: Path, control: trio.SocketStream) -> None:
        self.program = program
        self.folder = folder
        self.events: list[dict[str, Any]] = []
        self._control = control
        self._news = trio.Event()
        self._calls = 0

    async def dial(self, number: str) -> None:
        """Calls `number` of its own domain."""
        self.forget()
        await self._command("dial", number)

    async def answer(self) -> None:
        """Picks up."""
        await self._command("accept")

    async def press(self, keys: str) -> None:
        """Presses keys one after the other, as telephone-events (RFC 4733)."""
        for key in keys:
            await self._command("sndcode", key)
            await trio.sleep(KEY_S)

    async def mute(self) -> None:
        """Switches its own microphone off, or on again."""
        await self._command("mute")

    def forget(self) -> None:
        """Sets aside what it heard and what happened, before its next call: it names its files by the second alone."""
        self.events.clear()
        self._calls += 1
        for path in self.folder.glob("dump-*.wav"):
            path.rename(self.folder / f"call-{self._calls}-{path.name}")

    async def hang_up(self) -> None:
        """Ends the call that it is in."""
        await self._command("hangup")

    async def wait_event(self, type: str, *, within_s: float = WAIT_S) -> dict[str, Any]:
        """The phone's first event of that type, such as CALL_ESTABLISHED."""
        with trio.move_on_after(within_s):
            while True:
                for event in self.events:
                    if event.get("type") == type:
                        return event
                await self._news.wait()
        raise InVain(f"{self.program.name} had no {type} within {within_s} s, but {self.events}")

    async def wait_heard(self, seconds: float) -> None:
        """Returns once it has recorded that much, silence included."""
        bytes_wanted = WAV_HEADER_BYTES + int(seconds * RATE) * 2
        await eventually(
            lambda: any(path.stat().st_size >= bytes_wanted for path in self.folder.glob("dump-*-dec.wav")),
            f"{seconds} s of audio in {self.folder}",
        )

    async def wait_said(
        self, prompt: str, *, times: int = 1, first_s: float = inf, behind: Sequence[float] = ()
    ) -> list[Said]:
        """Returns once it has heard a prompt so often, or the `first_s` seconds of it; where in its ear.

        Tones that it may be `behind`, in Hz, are not listened to.
        """

        def look() -> list[Said]:
            found = said(without_tones(self.ear(), *behind), prompt, first_s=first_s)
            return found if len(found) >= times else []

        return await eventually(look, f"{self.program.name} hears {prompt!r} {times} times", poll_s=LISTEN_EVERY_S)

    async def wait_tone(self, tone_hz: float) -> None:
        """Returns once it has heard a tone for WINDOW_S, and nothing else."""
        await eventually(
            lambda: any(abs(h.peak_hz - tone_hz) <= HZ_OFF and h.purity_db > PURE_DB for h in windows(self.ear())),
            f"{self.program.name} hears {tone_hz} Hz",
            poll_s=LISTEN_EVERY_S,
        )

    def ear(self) -> np.ndarray:
        """All that it has heard so far, as samples between -1 and 1; its file's header is right only in the end."""
        content = b"".join(path.read_bytes() for path in self.folder.glob("dump-*-dec.wav"))[WAV_HEADER_BYTES:]
        return np.frombuffer(content[: len(content) // 2 * 2], "<i2") / 32768

    async def listen(self) -> None:
        """Collects events and results until the phone is gone; for `start_baresip`."""
        buffer = b""
        async with self._control:
            with suppress(trio.BrokenResourceError):  # it was killed
                async for data in self._control:
                    *messages, buffer = split_netstrings(buffer + data)
                    self.events += map(json.loads, messages)
                    self._news.set()
                    self._news = trio.Event()

    async def _command(self, name: str, params: str = "") -> None:
        text = json.dumps({"command": name, "params": params})
        await self._control.send_all(f"{len(text)}:{text},".encode())


async def start_baresip(
    stage: Stage,
    pbx: PbxProcess,
    number: str,
    *,
    tone_hz: float,
    tone_peak: float = TONE_PEAK,
    codec: str = "PCMU",
    answers: bool = False,
    mediaenc: str = "",
) -> Baresip:
    """A phone of extension `number`, registered, whose voice is a sine; with `answers` it picks up at once.

    `mediaenc` is baresip's word for SRTP: "srtp" offers keys beside RTP/AVP, "srtp-mand" is RTP/SAVP.
    """
    program_path = require("baresip")
    folder = stage.folder / f"baresip-{number}"
    folder.mkdir()
    control_port = free_port(socket.SOCK_STREAM)
    account = ACCOUNT.format(
        number=number,
        domain=pbx.folder.domain,
        password=pbx.folder.passwords[number],
        server=pbx.sip,
        codec=codec,
        answermode="auto" if answers else "manual",
        mediaenc=f";mediaenc={mediaenc}" if mediaenc else "",
    )
    (folder / "accounts").write_text(account)
    (folder / "config").write_text(_config(folder, control_port))
    (folder / "contacts").touch()
    write_tone(folder / "voice.wav", tone_hz, tone_peak)
    program = await stage.start(f"baresip {number}", [program_path, "-f", folder])
    await program.wait_line("baresip is ready")
    await program.wait_line(r"\[\d+ bindings?\]")
    phone = Baresip(program, folder, await trio.open_tcp_stream("127.0.0.1", control_port))
    stage.run(phone.listen)
    return phone


def _config(folder: Path, control_port: int) -> str:
    rtp_ports = free_port_range(20)
    return CONFIG.format(
        folder=folder,
        sip_port=free_port(),
        rtp_first=rtp_ports[0],
        rtp_last=rtp_ports[-1],
        modules_folder=modules_folder(),
        modules="\n".join(f"module              {name}" for name in MODULES),
        control_port=control_port,
    )


def modules_folder() -> Path:
    """Where the package, or somebody's own build, put baresip's modules."""
    places = [place for root in ("/usr/lib", "/usr/local/lib") for place in (Path(root), *Path(root).glob("*-linux-*"))]
    found = [place / "baresip" / "modules" for place in places if (place / "baresip" / "modules").is_dir()]
    assert found, f"baresip's modules are in none of {[str(place) for place in places]}"
    return found[0]


def write_tone(path: Path, tone_hz: float, peak: float) -> None:
    """A sine of TONE_S seconds, 16 bits, one channel."""
    samples = peak * np.sin(2 * np.pi * tone_hz / RATE * np.arange(TONE_S * RATE))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def split_netstrings(data: bytes) -> list[bytes]:
    """The whole netstrings that `data` begins with, then what is left; for a phone that writes no wrong ones."""
    texts = []
    while b":" in data:
        length, _, rest = data.partition(b":")
        end = int(length)
        if len(rest) <= end:  # its comma has not come
            break
        texts.append(rest[:end])
        data = rest[end + 1 :]
    return [*texts, data]
