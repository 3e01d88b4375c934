"""`kill -9` of the real PBX while somebody speaks after the beep, ten times on the same data folder.

The next process delivers what was said up to then, whole and once, and it is a file that plays.
"""

from random import Random

import pytest
import trio

from pbx.events.voicemail_message import Message
from pbx.server import random_token
from pbx.testphone.engine_audio import EngineAudio, EngineLeg
from pbx.testphone.phone import Account, Phone
from pbx.transport.udp import UdpSocket
from tests.support.free_ports import free_port_range
from tests.support.left_messages import BEEP_HZ, GREETING_S, TO_DIAL, add_box, assert_plays, messages
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.stage import Stage, eventually_async

pytestmark = [pytest.mark.peers, pytest.mark.timeout(180)]
PROGRAMS = ()

KILLS = 10
SPEAK_MIN_S, SPEAK_MAX_S = 1.6, 3.0
TONE_HZ = 1300.0


async def speak(pbx: PbxProcess, stage: Stage, audio: EngineAudio, speak_s: float) -> None:
    """101 calls 102, who has no phone, and speaks a tone after the beep for so long."""
    socket = UdpSocket.bind("127.0.0.1", 0)
    stage.cleanup.callback(socket.close)
    account = Account("101", pbx.folder.passwords["101"], pbx.folder.domain, pbx.address)
    phone = Phone(account, socket, audio, random_token)
    stage.run(phone.run)
    await phone.register()
    call = phone.dial(TO_DIAL)
    assert await call.wait_answered()
    assert isinstance(call.audio, EngineLeg)
    with trio.fail_after(20):
        await call.audio.wait_tone(BEEP_HZ)
    await trio.sleep(GREETING_S)
    call.audio.play_tone(TONE_HZ, -10.0)
    await trio.sleep(speak_s)


async def test_what_was_said_before_a_kill_is_a_message_that_plays(stage: Stage, random: Random) -> None:
    folder = await make_data_folder(stage)
    add_box(folder)
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
        await assert_plays(folder, found[-1], TONE_HZ, spoken_s[-1])
    assert not list((folder.path / "voicemail-incoming").rglob("*.*"))
    assert len({message.id for message in found}) == KILLS
