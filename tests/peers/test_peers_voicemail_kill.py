"""`kill -9` of the real PBX while somebody speaks after the beep, ten times on the same data folder.

The next process delivers what was said up to then, whole and once, and it is a file that plays.
"""

import io
import json
import os
import secrets
import wave
from random import Random

import numpy as np
import pytest
import trio

from pbx.blobs.local import LocalBlobs
from pbx.bus.folder import connect_in
from pbx.events.voicemail_message import Message, audio_key
from pbx.server import random_token
from pbx.testphone.engine_audio import EngineAudio, EngineLeg
from pbx.testphone.phone import Account, Phone
from pbx.transport.udp import UdpSocket
from tests.support.free_ports import free_port_range
from tests.support.pbx_process import DataFolder, PbxProcess, make_data_folder
from tests.support.stage import Stage, eventually_async
from tests.support.tone_heard import windows

pytestmark = [pytest.mark.peers, pytest.mark.timeout(180)]
PROGRAMS = ()

KILLS = 10
SPEAK_MIN_S, SPEAK_MAX_S = 1.6, 3.0
BEEP_HZ, TONE_HZ = 1000.0, 1300.0
UNSAVED_S = 0.5  # of a recording whose writer dies: 0.2 s, and what was on its way
ASK_S = 5.0
GREETED = """
[nodes.kill-box]
kind = "voicemail"
box = "102"
greeting = "beep"
"""


async def messages(pbx: PbxProcess) -> list[Message]:
    """All messages of the tenant, the oldest first, as the web process asks for them."""
    async with connect_in(pbx.folder.path) as bus:
        answer = await bus.request(pbx.folder.scope, "voicemail.list", timeout_s=ASK_S)
    return list(reversed([Message(**each) for each in json.loads(answer)]))


async def speak(pbx: PbxProcess, stage: Stage, audio: EngineAudio, speak_s: float) -> None:
    """101 calls 102, who has no phone, and speaks a tone after the beep for so long."""
    socket = UdpSocket.bind("127.0.0.1", 0)
    stage.cleanup.callback(socket.close)
    account = Account("101", pbx.folder.passwords["101"], pbx.folder.domain, pbx.address)
    phone = Phone(account, socket, audio, random_token)
    stage.run(phone.run)
    await phone.register()
    call = phone.dial("8102")
    assert await call.wait_answered()
    assert isinstance(call.audio, EngineLeg)
    with trio.fail_after(20):
        await call.audio.wait_tone(BEEP_HZ)
    await trio.sleep(1.2)  # the greeting here is the beep too: two of 0.3 s
    call.audio.play_tone(TONE_HZ, -10.0)
    await trio.sleep(speak_s)


async def test_what_was_said_before_a_kill_is_a_message_that_plays(stage: Stage) -> None:
    seed = int(os.environ.get("PBX_TEST_SEED", secrets.randbelow(1_000_000)))
    print(f"PBX_TEST_SEED={seed} repeats the moments")
    random = Random(seed)
    folder = await make_data_folder(stage)
    tenant = folder.path / "tenants" / f"{folder.scope.tenant}.toml"
    tenant.write_text(tenant.read_text().replace("[numbers]\n", '[numbers]\n"8102" = "kill-box"\n') + GREETED)
    pbx = await PbxProcess.start(stage, folder)
    audio = stage.cleanup.enter_context(EngineAudio("127.0.0.1", free_port_range(64)))
    stage.run(audio.run)
    spoken_s: list[float] = []
    for count in range(1, KILLS + 1):
        spoken_s.append(random.uniform(SPEAK_MIN_S, SPEAK_MAX_S))
        await speak(pbx, stage, audio, spoken_s[-1])
        await pbx.kill()
        pbx = await PbxProcess.start(stage, folder)

        async def delivered(pbx: PbxProcess = pbx, count: int = count) -> list[Message] | None:
            found = await messages(pbx)
            return found if len(found) >= count else None

        found = await eventually_async(delivered, f"{count} messages")
        assert len(found) == count
        await assert_plays(folder, found[-1], spoken_s[-1])
    assert not list((folder.path / "voicemail-incoming").rglob("*.*"))
    assert len({message.id for message in found}) == KILLS


async def assert_plays(folder: DataFolder, message: Message, spoken_s: float) -> None:
    """The file has the tone, for as long as it was sent but for the last moment."""
    blobs = LocalBlobs(folder.path / "blobs")
    async with blobs.get(folder.scope, audio_key(message.box, message.id)) as chunks:
        content = b"".join([chunk async for chunk in chunks])
    with wave.open(io.BytesIO(content)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_768
        assert file.getnframes() / file.getframerate() == pytest.approx(message.duration_s, abs=0.01)
    tone_s = sum(abs(each.peak_hz - TONE_HZ) < 8 for each in windows(samples)) / 4
    assert tone_s >= spoken_s - UNSAVED_S - 0.25  # a window
    assert tone_s <= spoken_s + 1.0
