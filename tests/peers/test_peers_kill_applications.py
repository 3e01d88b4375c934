"""`kill -9` of the real PBX at random moments, ten times: three are in a room, one is at a menu, one leaves a message.

After each the phones are registered as before, each call has its one record, and what was said is a message that
plays.
"""

import time
from collections import Counter
from random import Random

import msgspec
import pytest
import trio

from pbx.bus.folder import connect_in
from pbx.cdr.cdr import Cdr
from pbx.events.live_registration import LiveRegistration
from pbx.events.voicemail_message import Message
from pbx.server import random_token
from pbx.testphone.engine_audio import EngineAudio, EngineLeg
from pbx.testphone.phone import Account, Phone
from pbx.testphone.phone_call import PhoneCall
from pbx.transport.udp import UdpSocket
from tests.support.free_ports import free_port_range
from tests.support.left_messages import ASK_S, BEEP_HZ, GREETING_S, TO_DIAL, add_box, assert_plays, messages
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.stage import Stage, eventually, waiting_for

pytestmark = [pytest.mark.peers, pytest.mark.timeout(180)]
PROGRAMS = ()

KILLS = 10
MOMENT_S = 3.0  # the kill comes at most so long after the first of the calls was dialled, or
SPEAK_S = 2.5  # so long after the caller began to speak
SPEAKS_EVERY = 2  # of so many kills one waits until then
MESSAGE_MIN_S = 1.0  # what is shorter is no message
DOUBT_S = 1.0  # of a message's length: what was not on the disk yet, and the silence before the first word
DIALS = {"101": "602", "102": "602", "103": "602", "104": "601", "105": TO_DIAL}
TONE_HZ = 1300.0


class Office:
    """Five phones with ears and mouths, and what each is in the middle of."""

    def __init__(self, stage: Stage, pbx: PbxProcess) -> None:
        audio = stage.cleanup.enter_context(EngineAudio("127.0.0.1", free_port_range(64)))
        stage.run(audio.run)
        self.phones: dict[str, Phone] = {}
        self.began_speaking_at: float | None = None  # monotonic seconds
        for number in DIALS:
            socket = UdpSocket.bind("127.0.0.1", 0)
            stage.cleanup.callback(socket.close)
            account = Account(number, pbx.folder.passwords[number], pbx.folder.domain, pbx.address)
            self.phones[number] = Phone(account, socket, audio, random_token)
            stage.run(self.phones[number].run)

    def dial(self) -> dict[str, PhoneCall]:
        """Everybody calls, at once."""
        self.began_speaking_at = None
        return {number: self.phones[number].dial(to) for number, to in DIALS.items()}

    async def speak(self, call: PhoneCall) -> None:
        """A tone after the beep, for ever."""
        await call.answered.wait()
        assert isinstance(call.audio, EngineLeg)
        await call.audio.wait_tone(BEEP_HZ)
        await trio.sleep(GREETING_S)
        self.began_speaking_at = call.audio.play_tone(TONE_HZ, -10.0)

    def spoken_s(self) -> float:
        """For how long somebody has been speaking."""
        return 0.0 if self.began_speaking_at is None else time.monotonic() - self.began_speaking_at


async def live_until(office: Office, calls: dict[str, PhoneCall], random: Random, *, speaks: bool) -> None:
    """Returns at a random moment of all the calls."""
    with waiting_for(lambda: f"the calls to go on ({office.spoken_s():.1f} s spoken)"):
        if speaks:
            await office.speak(calls["105"])
            await trio.sleep(random.uniform(0, SPEAK_S))
            return
        with trio.move_on_after(random.uniform(0, MOMENT_S)):
            await office.speak(calls["105"])
            await trio.sleep_forever()


async def registered(pbx: PbxProcess) -> set[str]:
    """The extensions with a phone."""
    async with connect_in(pbx.folder.path) as bus:
        answer = await bus.request(pbx.folder.scope, "registrations.list", timeout_s=ASK_S)
    return {each.extension for each in msgspec.json.decode(answer, type=list[LiveRegistration])}


async def test_ten_kills_lose_no_registration_no_record_and_nothing_that_was_said(stage: Stage, random: Random) -> None:
    folder = await make_data_folder(stage, more=["103", "104", "105"])
    add_box(folder)
    pbx = await PbxProcess.start(stage, folder)
    office = Office(stage, pbx)
    for phone in office.phones.values():
        await phone.register(expires_s=3600)
    begun = 0
    kept: list[Message] = []
    for kill in range(1, KILLS + 1):
        calls = office.dial()
        await live_until(office, calls, random, speaks=kill % SPEAKS_EVERY == 0)
        spoken_s = office.spoken_s()
        await pbx.kill()
        known = {number for number, call in calls.items() if call.answered.is_set()}
        print(f"kill {kill}: {sorted(known)} were answered, {spoken_s:.2f} s spoken")

        pbx = await PbxProcess.start(stage, folder, sip=pbx.sip)
        assert await registered(pbx) == set(DIALS)
        with waiting_for(lambda known=known: f"an end of the calls of {known} at their phones"):
            for number in known:
                await calls[number].ended.wait()
        begun += len(known)
        kept = await assert_message_kept(pbx, kept, spoken_s)
    await pbx.wait_nothing_left()
    assert_one_record_each(await pbx.cdrs(), begun)


async def assert_message_kept(pbx: PbxProcess, before: list[Message], spoken_s: float) -> list[Message]:
    """All messages; what was said is one of them, or was too short to be one."""
    incoming = pbx.folder.path / "voicemail-incoming"
    await eventually(lambda: not list(incoming.rglob("*.*")), "all that was recorded to be delivered")
    found = await messages(pbx)
    assert found[: len(before)] == before
    new = found[len(before) :]
    assert len(new) <= 1
    assert new or spoken_s < MESSAGE_MIN_S + DOUBT_S
    if new:
        await assert_plays(pbx.folder, new[0], TONE_HZ, spoken_s)
    return found


def assert_one_record_each(records: list[Cdr], begun: int) -> None:
    """Each call whose phone was answered has one; so may some that were cut off before that."""
    assert set(Counter(cdr.sip_call_id for cdr in records).values()) == {1}
    assert begun <= len(records) <= KILLS * len(DIALS)
    assert {cdr.disposition for cdr in records} == {"interrupted"}
