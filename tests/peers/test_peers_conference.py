"""Real phones in a conference: each hears the others, never itself; one is muted, one leaves, a PIN keeps one out."""

import numpy as np
import pytest
import trio

from tests.support.baresip import RATE, Baresip, start_baresip
from tests.support.capture import start_capture
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.prompt_heard import said
from tests.support.stage import Stage
from tests.support.tone_heard import level_of, without_tones

pytestmark = [pytest.mark.peers, pytest.mark.timeout(60)]
PROGRAMS = ("baresip", "sox", "tshark")

TONES_HZ = {"101": 440.0, "102": 1000.0, "103": 1700.0, "104": 2300.0, "105": 2900.0}
ALL_HZ = tuple(TONES_HZ.values())
PEAK = 0.2  # of full scale: two of these are no business of the mixer's limiter
TONE_DBFS = 20 * np.log10(PEAK)
SPAN_S = 1.0  # of what is heard, to be judged at once
DB_OFF = 1.0
UNHEARD_DBFS = -45.0
NUMBERS = {"612": "board"}
NODES = """
[nodes.board]
kind = "conference"
pin = "2580"
"""


async def test_those_in_a_room_hear_each_other_never_themselves_and_nobody_outside(stage: Stage):
    folder = await make_data_folder(stage, more=["103", "104", "105"], numbers=NUMBERS, nodes=NODES)
    pbx = await PbxProcess.start(stage, folder)
    await start_capture(stage, sip_port=pbx.address[1])  # for the ladder of a failed test
    phones = {
        number: await start_baresip(stage, pbx, number, tone_hz=hz, tone_peak=PEAK) for number, hz in TONES_HZ.items()
    }
    async with trio.open_nursery() as nursery:
        nursery.start_soon(three_meet, *(phones[number] for number in ("101", "102", "103")))
        nursery.start_soon(two_give_their_pin, *(phones[number] for number in ("104", "105")))

    cdrs = await pbx.wait_cdrs(5)
    assert sorted(cdr.to_number for cdr in cdrs) == ["602"] * 3 + ["612"] * 2
    assert {(cdr.disposition, cdr.ended_by) for cdr in cdrs} == {("answered", "caller")}
    await pbx.wait_nothing_left()


async def three_meet(ada: Baresip, grace: Baresip, carol: Baresip) -> None:
    """One of them is muted for a while; one leaves before the others."""
    await ada.dial("602")
    await ada.wait_said("conf-only-you")
    for phone in (grace, carol):
        await phone.dial("602")
    for phone in (grace, carol):
        await phone.wait_said("conf-welcome")
    await hear_exactly((ada, "102 103"), (grace, "101 103"), (carol, "101 102"))
    assert said(ada.ear(), "conf-joined"), "she is told of others"
    assert not any(heard(phone, "conf-only-you") for phone in (grace, carol))

    await carol.press("*")
    await carol.wait_said("conf-muted", behind=ALL_HZ)
    await hear_exactly((ada, "102"), (grace, "101"), (carol, "101 102"))
    await carol.press("*")
    await carol.wait_said("conf-unmuted", behind=ALL_HZ)
    await hear_exactly((ada, "102 103"), (grace, "101 103"), (carol, "101 102"))
    assert not heard(ada, "conf-muted"), "only who is muted is told"

    await hang_up(ada)
    await hear_exactly((grace, "103"), (carol, "102"))
    await hang_up(grace)
    await hang_up(carol)


async def two_give_their_pin(dave: Baresip, eve: Baresip) -> None:
    """One of them a wrong one first."""
    await dave.dial("612")
    await dave.wait_said("conf-enter-pin")
    await dave.press("2580#")
    await dave.wait_said("conf-only-you")
    await eve.dial("612")
    await eve.wait_said("conf-enter-pin", first_s=0.5)
    await eve.press("2570#")  # which cuts the prompt short: what is heard of it now is the second one
    await eve.wait_said("conf-enter-pin", first_s=1.5)
    assert not heard(eve, "conf-welcome")
    await eve.press("2580#")
    await eve.wait_said("conf-welcome")
    await hear_exactly((dave, "105"), (eve, "104"))
    await hang_up(dave)
    await hang_up(eve)


async def hang_up(phone: Baresip) -> None:
    await phone.hang_up()
    await phone.wait_event("CALL_CLOSED")


def heard(phone: Baresip, prompt: str) -> bool:
    """Behind the others' tones."""
    return bool(said(without_tones(phone.ear(), *ALL_HZ), prompt))


async def hear_exactly(*whom: tuple[Baresip, str]) -> None:
    """Returns once each has heard those whom it should, for SPAN_S with nobody else, at their level."""
    async with trio.open_nursery() as nursery:
        for phone, numbers in whom:
            nursery.start_soon(_hear_exactly, phone, numbers.split())


async def _hear_exactly(phone: Baresip, numbers: list[str]) -> None:
    for _ in range(20):
        begin = len(phone.ear())
        await phone.wait_heard(begin / RATE + SPAN_S)
        span = phone.ear()[begin : begin + int(SPAN_S * RATE)]
        levels = {number: level_of(span, hz) for number, hz in TONES_HZ.items()}
        loud = [number for number, level in levels.items() if level > UNHEARD_DBFS]
        if loud == numbers and all(abs(levels[number] - TONE_DBFS) < DB_OFF for number in loud):
            return
    raise AssertionError(f"{phone.program.name} hears {levels}, not just {numbers}")
