"""Voicemail with the real engine: a phone leaves a tone, the message has it, and the mailbox plays it back."""

import io
import time
import wave
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, closing
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import trio

from pbx.blobs.local import LocalBlobs
from pbx.config.load import Config
from pbx.config.server import Server as ServerConfig
from pbx.media.native import NativeEngine
from pbx.prompts.tenants import TenantPrompts
from pbx.server import Parts, Server
from pbx.spool import Spool
from pbx.store.sqlite import SqliteStore
from pbx.testphone.engine_audio import EngineAudio, EngineLeg
from pbx.testphone.phone import Account, Phone
from pbx.testphone.phone_call import PhoneCall
from pbx.transport.udp import UdpSocket
from tests.support.free_ports import free_port_range
from tests.support.tone_heard import RATE, hear, windows
from tests.support.voicemail_world import BOX, COLLECT, LEAVE_GREETED, PIN, SCOPE, voicemail_tenant
from tests.support.world import password

HOST = "127.0.0.1"
TONE_HZ = 1300.0
TONE_DBFS = -10.0
BEEP_HZ = 1000.0
SPEAK_S = 3.0
WAIT_S = 30.0


class Site:
    """A PBX on real sockets with the native engine, and another engine for its phones."""

    def __init__(self, nursery: trio.Nursery, server: Server, audio: EngineAudio, sockets: ExitStack) -> None:
        self.nursery = nursery
        self.server = server
        self._audio = audio
        self._sockets = sockets
        self._tokens = count(1)

    async def call(self, number: str, to: str) -> tuple[PhoneCall, EngineLeg]:
        """A phone registers and dials; its call, answered, and its audio."""
        socket = self._sockets.enter_context(closing(UdpSocket.bind(HOST, 0)))
        account = Account(number, password(number), "acme.example", self.server.endpoint.local)
        phone = Phone(account, socket, self._audio, lambda: f"p{number}-{next(self._tokens)}")
        self.nursery.start_soon(phone.run)
        await phone.register()
        call = phone.dial(to)
        with trio.fail_after(WAIT_S):
            assert await call.wait_answered()
        assert isinstance(call.audio, EngineLeg)
        return call, call.audio


@asynccontextmanager
async def open_site(folder: Path) -> AsyncIterator[Site]:
    tenant = voicemail_tenant()
    config = Config(Path(), ServerConfig(default_tenant="acme"), {"acme": tenant}, {"acme.example": "acme"})
    tokens = count(1)
    with ExitStack() as opened:
        media = opened.enter_context(NativeEngine(HOST, free_port_range(64)))
        audio = opened.enter_context(EngineAudio(HOST, free_port_range(64)))
        socket = opened.enter_context(closing(UdpSocket.bind(HOST, 0)))
        parts = Parts(
            socket,
            media,
            Spool(None),
            SqliteStore(None),
            wall=time.time,
            prompts=TenantPrompts(folder / "prompts"),
            blobs=LocalBlobs(folder / "blobs"),
            folder=folder,
            token=lambda: f"t{next(tokens)}",
        )
        async with trio.open_nursery() as nursery:
            server = await nursery.start(Server(config, parts).run)
            nursery.start_soon(audio.run)
            yield Site(nursery, server, audio, opened)
            nursery.cancel_scope.cancel()


async def leave_tone(site: Site) -> None:
    """101 leaves SPEAK_S of a tone for 102 and hangs up."""
    call, ear = await site.call("101", LEAVE_GREETED)
    with trio.fail_after(WAIT_S):
        await ear.wait_tone(BEEP_HZ)
    await trio.sleep(0.6)  # the beep takes half of that
    ear.play_tone(TONE_HZ, TONE_DBFS)
    await trio.sleep(SPEAK_S)
    call.hang_up()
    with trio.fail_after(WAIT_S):
        await call.ended.wait()
        while not await site.server.voicemail.mailboxes.messages(SCOPE, BOX):  # noqa: ASYNC110
            await trio.sleep(0.05)


def samples_of(audio: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(audio)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_768


async def test_a_message_has_what_was_said_and_not_the_beep(tmp_path):
    async with open_site(tmp_path) as site:
        await leave_tone(site)
        mailboxes = site.server.voicemail.mailboxes
        (message,) = await mailboxes.messages(SCOPE, BOX)
        samples = samples_of(await mailboxes.audio(SCOPE, BOX, message.id))
        assert len(samples) / RATE == pytest.approx(message.duration_s, abs=0.01)
        said = [each for each in windows(samples) if abs(each.peak_hz - TONE_HZ) < 8]
        assert len(said) / 4 == pytest.approx(SPEAK_S, abs=0.6)  # four windows a second
        assert said[1].level_dbfs == pytest.approx(TONE_DBFS, abs=1.0)
        assert said[1].purity_db > 25
        beeps = [each for each in windows(samples) if abs(each.peak_hz - BEEP_HZ) < 8 and each.level_dbfs > -40]
        assert beeps == []
        assert list((tmp_path / "voicemail-incoming").rglob("*.*")) == []


async def test_the_mailbox_plays_the_message_back_as_it_was_said(tmp_path):
    async with open_site(tmp_path) as site:
        await leave_tone(site)
        call, ear = await site.call(BOX, COLLECT)
        with ear.leg.tap("received", buffer_ms=30_000) as tap:
            await trio.sleep(0.5)
            ear.leg.send_digits(f"{PIN}#")
            with trio.fail_after(WAIT_S):
                heard = await ear.wait_tone(TONE_HZ)
                assert heard.level_dbfs == pytest.approx(TONE_DBFS, abs=2.0)
                while not (await site.server.voicemail.mailboxes.messages(SCOPE, BOX))[0].heard:  # noqa: ASYNC110
                    await trio.sleep(0.05)
            samples = tap.read()
        played = [each for each in windows(samples) if abs(each.peak_hz - TONE_HZ) < 8 and each.purity_db > 10]
        assert len(played) / 4 == pytest.approx(SPEAK_S, abs=0.6)
        ear.leg.send_digits("#")
        with trio.fail_after(WAIT_S):
            await call.ended.wait()
        assert call.ended_by == "them"
        assert list((tmp_path / "voicemail-audio").glob("*")) == []


async def test_a_recorded_greeting_is_what_callers_hear(tmp_path):
    async with open_site(tmp_path) as site:
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes((np.sin(np.arange(RATE) * 2 * np.pi * 700 / RATE) * 8000).astype("<i2").tobytes())
        await site.server.voicemail.mailboxes.put_greeting(SCOPE, BOX, out.getvalue())
        call, ear = await site.call("101", "8102")
        with ear.leg.tap("received", buffer_ms=10_000) as tap, trio.fail_after(WAIT_S):
            await ear.wait_tone(BEEP_HZ)
            assert abs(hear(tap.read()).peak_hz - 700) < 8
        call.hang_up()
        with trio.fail_after(WAIT_S):
            await call.ended.wait()
