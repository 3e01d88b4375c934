"""`kill -9` of the real web process ten times, while phones call each other: no call notices, the portal comes back.

The supervisor runs here, beside the test, with a back-off that does not grow: ten ends in a row are no fault of it.
"""

import os
import signal
from random import Random

import pytest
import trio

from pbx import liveness, supervise
from pbx.server import random_token
from pbx.testphone.engine_audio import EngineAudio, EngineLeg
from pbx.testphone.phone import Account, Phone
from pbx.testphone.phone_call import PhoneCall
from pbx.transport.udp import UdpSocket
from tests.support.child_process import web_pid
from tests.support.free_ports import free_port_range
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.stage import Stage, eventually, eventually_async, waiting_for

pytestmark = [pytest.mark.peers, pytest.mark.timeout(180)]
PROGRAMS = ()

KILLS = 10
MOMENT_S = 0.5  # a kill comes at most so long after the portal has come back
BACK_OFF_S = 0.1
TALK_S = 1.0
PAIRS = (("101", "102"), ("103", "104"))
TONES_HZ = (700.0, 1300.0)


class Callers:
    """Pairs of phones that call, talk and hang up, again and again."""

    def __init__(self, stage: Stage, pbx: PbxProcess) -> None:
        self.calls = 0
        self.lost: list[float] = []  # of each end of each call, as a ratio
        self.is_over = False
        audio = stage.cleanup.enter_context(EngineAudio("127.0.0.1", free_port_range(64)))
        stage.run(audio.run)
        self.phones = {number: self._phone(stage, pbx, number, audio) for pair in PAIRS for number in pair}

    async def call_again_and_again(self, caller: str, callee: str) -> None:
        """Until it is over; every call is set up, and heard by both."""
        while not self.is_over:
            call = self.phones[caller].dial(callee)
            with waiting_for(lambda call=call: f"a call to be set up (told {call.status} {call.reason})"):
                incoming = await self.phones[callee].incoming.receive()
                incoming.ring()
                incoming.answer()
                assert await call.wait_answered(), f"{call.status} {call.reason}"
            await self._talk(call, incoming)
            call.hang_up()
            with waiting_for(lambda: "the end of the call"):
                await call.ended.wait()
                await incoming.ended.wait()
            self.calls += 1

    async def _talk(self, *ends: PhoneCall) -> None:
        legs = [end.audio for end in ends]
        for leg, hz in zip(legs, TONES_HZ, strict=True):
            assert isinstance(leg, EngineLeg)
            leg.play_tone(hz, -10.0)
        await trio.sleep(TALK_S)
        for leg in legs:
            assert isinstance(leg, EngineLeg)
            measured = leg.measured()
            assert measured.packets_received, measured
            self.lost.append(measured.lost_ratio or 0.0)

    def _phone(self, stage: Stage, pbx: PbxProcess, number: str, audio: EngineAudio) -> Phone:
        socket = UdpSocket.bind("127.0.0.1", 0)
        stage.cleanup.callback(socket.close)
        account = Account(number, pbx.folder.passwords[number], pbx.folder.domain, pbx.address)
        phone = Phone(account, socket, audio, random_token)
        stage.run(phone.run)
        return phone


async def kill_again_and_again(urls: list[str], random: Random) -> None:
    """Ten times, once it answers; returns when it is back from the last."""
    for kill in range(1, KILLS + 1):
        await wait_portal(urls, kill)
        await trio.sleep(random.uniform(0, MOMENT_S))
        pid = web_pid(os.getpid())
        assert pid is not None, "it has just answered"
        os.kill(pid, signal.SIGKILL)
    await wait_portal(urls, KILLS + 1)
    assert len(set(urls)) == 1, "it comes back where it was"


async def wait_portal(urls: list[str], starts: int) -> None:
    """Returns once the portal has started so many times, and answers."""
    await eventually(lambda: len(urls) >= starts, f"start {starts} of the web process")

    async def answers() -> bool:
        return await liveness.answers(urls[-1])

    await eventually_async(answers, "an answer of the portal")


async def test_ten_kills_of_the_web_process_cost_no_call_and_no_packet(
    stage: Stage, random: Random, monkeypatch
) -> None:
    monkeypatch.setattr(supervise, "BACK_OFF_MIN_S", BACK_OFF_S)
    monkeypatch.setattr(supervise, "BACK_OFF_MAX_S", BACK_OFF_S)
    folder = await make_data_folder(stage, more=["103", "104"])
    pbx = await PbxProcess.start(stage, folder)
    callers = Callers(stage, pbx)
    for phone in callers.phones.values():
        await phone.register()
    urls: list[str] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervise.run_web, folder.path, ("127.0.0.1", 0), urls.append)
        async with trio.open_nursery() as calling:
            for pair in PAIRS:
                calling.start_soon(callers.call_again_and_again, *pair)
            await kill_again_and_again(urls, random)
            callers.is_over = True
        nursery.cancel_scope.cancel()
    print(f"{callers.calls} calls; worst loss {max(callers.lost):.2%}")
    assert callers.calls >= KILLS
    assert max(callers.lost) == 0
    records = await pbx.wait_cdrs(callers.calls)
    assert len(records) == callers.calls
    assert {cdr.disposition for cdr in records} == {"answered"}
    assert all(leg.media is not None and not leg.media.lost_ratio for cdr in records for leg in cdr.legs)
    await pbx.wait_nothing_left()
