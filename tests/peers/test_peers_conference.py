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

TONES_HZ = {"101": 440.0, "102": 1000.0, "103": 1700.0}
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


async def test_three_phones_hear_each_other_and_never_themselves(stage: Stage):
    folder = await make_data_folder(stage, more=["103"])
    pbx = await PbxProcess.start(stage, folder)
    await start_capture(stage, sip_port=pbx.address[1])  # for the ladder of a failed test
    phones = {
        number: await start_baresip(stage, pbx, number, tone_hz=hz, tone_peak=PEAK) for number, hz in TONES_HZ.items()
    }
    ada, grace, carol = phones.values()

    await ada.dial("602")
    await ada.wait_said("conf-only-you")
    for phone in (grace, carol):
        await phone.dial("602")
    for phone in (grace, carol):
        await phone.wait_said("conf-welcome")
    await hear_exactly(phones, {"101": "102 103", "102": "101 103", "103": "101 102"})
    assert said(ada.ear(), "conf-joined"), "she is told of others"
    assert not any(heard(phone, "conf-only-you") for phone in (grace, carol))

    await carol.press("*")
    await carol.wait_said("conf-muted", behind=ALL_HZ)
    await hear_exactly(phones, {"101": "102", "102": "101", "103": "101 102"})
    await carol.press("*")
    await carol.wait_said("conf-unmuted", behind=ALL_HZ)
    await hear_exactly(phones, {"101": "102 103", "102": "101 103", "103": "101 102"})
    assert not heard(ada, "conf-muted"), "only who is muted is told"

    await ada.hang_up()
    await ada.wait_event("CALL_CLOSED")
    await hear_exactly({number: phones[number] for number in ("102", "103")}, {"102": "103", "103": "102"})
    for phone in (grace, carol):
        await phone.hang_up()
        await phone.wait_event("CALL_CLOSED")
    cdrs = await pbx.wait_cdrs(3)
    assert [(cdr.to_number, cdr.disposition, cdr.ended_by) for cdr in cdrs] == [("602", "answered", "caller")] * 3
    await pbx.wait_nothing_left()


async def test_a_room_with_a_pin_lets_in_who_knows_it(stage: Stage):
    folder = await make_data_folder(stage, numbers=NUMBERS, nodes=NODES)
    pbx = await PbxProcess.start(stage, folder)
    await start_capture(stage, sip_port=pbx.address[1])
    ada, grace = [
        await start_baresip(stage, pbx, number, tone_hz=TONES_HZ[number], tone_peak=PEAK) for number in ("101", "102")
    ]

    await ada.dial("612")
    await ada.wait_said("conf-enter-pin")
    await ada.press("2580#")
    await ada.wait_said("conf-only-you")
    await grace.dial("612")
    await grace.wait_event("CALL_ESTABLISHED")
    await grace.press("2570#")
    await grace.wait_said("conf-enter-pin", first_s=1.0)
    await grace.press("2580#")
    await grace.wait_said("conf-welcome")
    await hear_exactly({"101": ada, "102": grace}, {"101": "102", "102": "101"})
    for phone in (ada, grace):
        await phone.hang_up()
    await pbx.wait_cdrs(2)
    await pbx.wait_nothing_left()


def heard(phone: Baresip, prompt: str) -> bool:
    """Behind the others' tones."""
    return bool(said(without_tones(phone.ear(), *ALL_HZ), prompt))


async def hear_exactly(phones: dict[str, Baresip], whom: dict[str, str]) -> None:
    """Returns once each has heard those whom it should, for SPAN_S with nobody else, at their level."""
    async with trio.open_nursery() as nursery:
        for number, phone in phones.items():
            nursery.start_soon(_hear_exactly, phone, whom[number].split())


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
