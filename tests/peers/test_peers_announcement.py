"""Real phones that are not there, busy, or unwilling: callers hear an announcement, and go where it leads."""

import pytest

from tests.support.baresip import Baresip, start_baresip
from tests.support.capture import start_capture
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.prompt_heard import said
from tests.support.stage import Stage

pytestmark = [pytest.mark.peers, pytest.mark.timeout(60)]
PROGRAMS = ("baresip", "sox", "tshark")

GRACE_HZ = 1000.0
NUMBERS = {"21xx": "person", "603": "closed"}
NODES = """
[nodes.closed]
kind = "announcement"
prompt = "nobody-available"
next = "grace"

[nodes.person]
kind = "ring"
who = ["103"]
ring_s = 2
unregistered = "closed"
no_answer = "bye"
declined = "sorry"
busy = "sorry"

[nodes.sorry]
kind = "announcement"
prompt = "menu-timeout"

[nodes.bye]
kind = "announcement"
prompt = "goodbye"
"""


async def test_callers_hear_why_nobody_takes_their_call_and_may_get_somebody_else(stage: Stage):
    folder = await make_data_folder(stage, more=["103"], numbers=NUMBERS, nodes=NODES)
    pbx = await PbxProcess.start(stage, folder)
    await start_capture(stage, sip_port=pbx.address[1])  # for the ladder of a failed test
    ada = await start_baresip(stage, pbx, "101", tone_hz=440.0)
    grace = await start_baresip(stage, pbx, "102", tone_hz=GRACE_HZ, answers=True)

    await ada.dial("2100")  # nobody is registered: the announcement to its end, then Grace
    await ada.wait_said("nobody-available")
    await grace.wait_event("CALL_ESTABLISHED")
    await ada.wait_tone(GRACE_HZ)
    await grace.wait_tone(440.0)
    await ada.hang_up()
    await over(ada, grace)
    assert [each.share for each in said(ada.ear(), "nobody-available")] == [1.0]

    carol = await start_baresip(stage, pbx, "103", tone_hz=1700.0)
    await ada.dial("2100")
    await carol.wait_event("CALL_INCOMING")
    await carol.hang_up()  # declines
    await ada.wait_said("menu-timeout")
    await over(ada)
    carol.forget()
    await ada.dial("2100")
    await carol.wait_event("CALL_INCOMING")
    await ada.wait_event("CALL_RINGING")
    await ada.wait_said("goodbye")  # in vain
    await over(ada, carol)

    cdrs = await pbx.wait_cdrs(3)
    assert [[step.outcome for step in cdr.path][1:] for cdr in cdrs] == [
        ["unregistered", "announcement", "next", "ring", "answered"],
        ["ring", "busy", "announcement", "next"],
        ["ring", "no_answer", "announcement", "next"],
    ]
    assert [cdr.disposition for cdr in cdrs] == ["answered"] * 3
    await pbx.wait_nothing_left()


async def over(*phones: Baresip) -> None:
    for phone in phones:
        await phone.wait_event("CALL_CLOSED")
