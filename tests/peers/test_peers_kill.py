"""`kill -9` of the real PBX at random moments of a call, ten times on the same data folder.

What it confirmed as registered rings after the restart without a word from the phones, and the call that was cut off
has one record that says so. The phones are `pbx.testphone` over real sockets.
"""

import time
from itertools import cycle
from random import Random

import pytest
import trio

from pbx.cdr.cdr import Cdr
from pbx.server import random_token
from pbx.testphone.audio import NoAudio
from pbx.testphone.phone import Account, Phone
from pbx.testphone.phone_call import PhoneCall
from pbx.transport.udp import UdpSocket
from tests.support.capture import start_capture
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.stage import Stage, eventually_async, waiting_for

pytestmark = [pytest.mark.peers, pytest.mark.timeout(60)]
PROGRAMS = ("tshark",)

KILLS = 10
KILLS_AT_HANG_UP = 5
HANG_UP_S = 0.01  # about what a hang-up takes, with its record written down
MOMENT_S = 0.8  # the kill comes at most so long after the INVITE has reached the callee
AT_ONCE_EVERY = 3  # of so many kills one comes at that very moment, when little of the call has been written down
THINKS_S = 0.3  # a person takes at most so long to pick up
ALIVE_S = 1.0  # how often a server notes that it lives: its death is known so precisely
NEWCOMER_RATIO = 0.1  # of all turns; each is a phone more to call after every kill
NEWCOMERS = [str(number) for number in range(110, 199)]


class House:
    """The phones: Ada calls Grace again and again, newcomers register, and a prober asks who is there."""

    def __init__(self, stage: Stage, pbx: PbxProcess, random: Random) -> None:
        self.confirmed: list[Phone] = []
        self._stage = stage
        self._pbx = pbx
        self._random = random
        self._newcomers = iter(NEWCOMERS)
        self.ada, self.grace, self.prober = (self._make_phone(number) for number in ("101", "102", "103"))

    async def register(self, phone: Phone) -> None:
        """From the PBX's 200 on, the phone must ring."""
        await phone.register(expires_s=3600)
        self.confirmed.append(phone)

    async def call(self) -> tuple[PhoneCall, PhoneCall]:
        """Ada's call to Grace and Grace's end of it, as soon as her phone has the INVITE."""
        outgoing = self.ada.dial("102")
        with waiting_for(lambda: f"a call at Grace's phone (Ada was told {outgoing.status} {outgoing.reason})"):
            return outgoing, await self.grace.incoming.receive()

    async def live(self, outgoing: PhoneCall, incoming: PhoneCall) -> None:
        """For ever: Grace picks up after a while, Ada holds and takes back; now and then somebody new registers."""
        incoming.ring()
        await trio.sleep(self._random.uniform(0, THINKS_S))  # so that some kills meet a call that rings
        incoming.answer()
        await outgoing.answered.wait()
        for is_holding in cycle((True, False)):
            if self._random.random() < NEWCOMER_RATIO:
                await self._let_newcomer_in()
            if is_holding:
                outgoing.hold()
            else:
                outgoing.resume()
            await outgoing.renegotiated(is_holding=is_holding)

    async def assert_rings(self, phone: Phone) -> None:
        """A call to the phone's number reaches it."""
        number = phone.account.number
        call = self.prober.dial(number)
        with waiting_for(lambda: f"{number} to ring (the caller was told {call.status} {call.reason})"):
            incoming = await phone.incoming.receive()
            incoming.refuse(486)
            await call.ended.wait()
        assert call.status == 486, number

    async def _let_newcomer_in(self) -> None:
        number = next(self._newcomers, None)
        if number is not None:
            await self.register(self._make_phone(number))

    def _make_phone(self, number: str) -> Phone:
        socket = UdpSocket.bind("127.0.0.1", 0)
        account = Account(number, self._pbx.folder.passwords[number], self._pbx.folder.domain, self._pbx.address)
        phone = Phone(account, socket, NoAudio("127.0.0.1"), random_token)

        async def run() -> None:
            try:
                await phone.run()
            finally:
                socket.close()

        self._stage.run(run)
        return phone


@pytest.fixture
async def pbx(stage: Stage) -> PbxProcess:
    pbx = await PbxProcess.start(stage, await make_data_folder(stage, more=["103", *NEWCOMERS]))
    await start_capture(stage, sip_port=pbx.address[1])  # for the ladder of a failed test
    return pbx


@pytest.fixture
async def house(stage: Stage, pbx: PbxProcess, random: Random) -> House:
    house = House(stage, pbx, random)
    for phone in (house.ada, house.grace, house.prober):
        await house.register(phone)
    return house


async def test_ten_kills_lose_no_registration_and_leave_one_record_of_each_call(
    stage: Stage, pbx: PbxProcess, house: House, random: Random
):
    killed_at: list[float] = []
    for kill in range(1, KILLS + 1):
        outgoing, incoming = await house.call()
        moment_s = random.uniform(0, MOMENT_S) if kill % AT_ONCE_EVERY else 0.0
        with trio.move_on_after(moment_s):
            await house.live(outgoing, incoming)
        await pbx.kill()
        killed_at.append(time.time())
        said = "answered" if outgoing.answered.is_set() else "ringing"
        print(f"kill {kill}: {moment_s:.3f} s after the callee's INVITE, {said}, {len(house.confirmed)} registered")

        pbx = await PbxProcess.start(stage, pbx.folder, sip=pbx.sip)
        with waiting_for(lambda: "an end of the interrupted call at both phones"):
            await outgoing.ended.wait()
            await incoming.ended.wait()
        for phone in house.confirmed:
            await house.assert_rings(phone)
        assert len(await wait_records(pbx, kill)) == kill

    await pbx.wait_nothing_left()
    records = await wait_records(pbx, KILLS)
    assert len({cdr.id for cdr in records}) == KILLS
    assert [cdr.disposition for cdr in records] == ["interrupted"] * KILLS
    for cdr, at in zip(records, killed_at, strict=True):
        assert at - ALIVE_S - 0.5 <= cdr.ended_at <= at + 0.1, (cdr, at)


async def test_a_kill_while_somebody_hangs_up_leaves_one_record_too(
    stage: Stage, pbx: PbxProcess, house: House, random: Random
):
    for kill in range(1, KILLS_AT_HANG_UP + 1):
        outgoing, incoming = await house.call()
        incoming.answer()
        with waiting_for(lambda: "an answer"):
            await outgoing.answered.wait()
            await incoming.acknowledged.wait()
        moment_s = random.uniform(0, HANG_UP_S)
        with trio.move_on_after(moment_s):
            outgoing.hang_up()
            await trio.sleep_forever()
        await pbx.kill()
        print(f"kill {kill}: {moment_s:.4f} s after the BYE, {'ended' if outgoing.ended.is_set() else 'not ended'}")

        pbx = await PbxProcess.start(stage, pbx.folder, sip=pbx.sip)
        with waiting_for(lambda: "an end of the call at both phones"):
            await outgoing.ended.wait()
            await incoming.ended.wait()
        assert len(await wait_records(pbx, kill)) == kill
    await pbx.wait_nothing_left()
    records = await wait_records(pbx, KILLS_AT_HANG_UP)
    assert len({cdr.id for cdr in records}) == KILLS_AT_HANG_UP
    assert {cdr.disposition for cdr in records} <= {"answered", "interrupted"}
    print([cdr.disposition for cdr in records])


async def wait_records(pbx: PbxProcess, count: int) -> list[Cdr]:
    """The records of Ada's calls to Grace, once there are `count` or more."""

    async def look() -> list[Cdr] | None:
        records = [cdr for cdr in await pbx.cdrs() if (cdr.from_number, cdr.to_number) == ("101", "102")]
        return records if len(records) >= count else None

    return await eventually_async(look, f"{count} records of interrupted calls")
