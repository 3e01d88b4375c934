"""Real phones and a menu: what it says is what they hear, and the keys that they press lead where the plan says."""

import pytest
import trio

from pbx.cdr.cdr import Cdr
from tests.support.baresip import Baresip, start_baresip
from tests.support.capture import start_capture
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.prompt_heard import said
from tests.support.stage import Stage

pytestmark = [pytest.mark.peers, pytest.mark.timeout(60)]
PROGRAMS = ("baresip", "sox", "tshark")

ADA_HZ, GRACE_HZ = 440.0, 1000.0
# One whose prompt is short, and whose two ends say different things.
NUMBERS = {"604": "short"}
NODES = """
[nodes.short]
kind = "menu"
prompt = "please-wait"
digits = { 1 = "grace", 12 = "there" }
wait_s = 1
tries = 2
timeout = "nobody"
invalid = "bye"

[nodes.there]
kind = "announcement"
prompt = "menu-timeout"

[nodes.nobody]
kind = "announcement"
prompt = "nobody-available"

[nodes.bye]
kind = "announcement"
prompt = "goodbye"
"""


async def test_what_a_menu_says_and_where_keys_lead(stage: Stage):
    folder = await make_data_folder(stage, more=["103", "104", "105"], numbers=NUMBERS, nodes=NODES)
    pbx = await PbxProcess.start(stage, folder)
    await start_capture(stage, sip_port=pbx.address[1])  # for the ladder of a failed test
    grace = await start_baresip(stage, pbx, "102", tone_hz=GRACE_HZ, answers=True)
    ada, *others = [await start_baresip(stage, pbx, number, tone_hz=ADA_HZ) for number in ("101", "103", "104", "105")]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(presses_something_wrong_and_then_talks, ada, grace)
        for phone, visit in zip(others, (presses_nothing, presses_only_what_is_wrong, presses_two_keys), strict=True):
            nursery.start_soon(visit, phone)

    cdrs = {cdr.from_number: cdr for cdr in await pbx.wait_cdrs(4)}
    assert {cdr.disposition for cdr in cdrs.values()} == {"answered"}
    assert way(cdrs["101"]) == ["welcome", "menu", "2", "ring", "answered"]
    assert way(cdrs["103"]) == ["short", "menu", "timeout", "announcement", "next"]
    assert way(cdrs["104"]) == ["short", "menu", "invalid", "announcement", "next"]
    assert way(cdrs["105"]) == ["short", "menu", "12", "announcement", "next"]
    assert cdrs["101"].ended_by == "callee"
    await pbx.wait_nothing_left()


async def presses_something_wrong_and_then_talks(ada: Baresip, grace: Baresip) -> None:
    await ada.dial("601")
    await ada.wait_said("menu-demo")
    await ada.press("7")
    await ada.wait_said("menu-invalid")
    await ada.wait_said("menu-demo", times=2, first_s=1.0)
    await ada.press("2")  # while it speaks
    await grace.wait_event("CALL_ESTABLISHED")
    await ada.wait_tone(GRACE_HZ)
    await grace.wait_tone(ADA_HZ)
    await grace.hang_up()
    await ada.wait_event("CALL_CLOSED")
    assert len(said(ada.ear(), "menu-demo")) == 1  # the second one was cut short
    assert said(ada.ear(), "conf-welcome", first_s=1.0) == []


async def presses_nothing(phone: Baresip) -> None:
    await phone.dial("604")
    await phone.wait_event("CALL_CLOSED")
    assert_said(phone, "please-wait", "please-wait", "nobody-available")


async def presses_only_what_is_wrong(phone: Baresip) -> None:
    await phone.dial("604")
    for times in (1, 2):
        await phone.wait_said("please-wait", times=times)
        await phone.press("9")
        await phone.wait_said("menu-invalid", times=times)
    await phone.wait_event("CALL_CLOSED")
    assert_said(phone, "please-wait", "menu-invalid", "please-wait", "menu-invalid", "goodbye")


async def presses_two_keys(phone: Baresip) -> None:
    await phone.dial("604")
    await phone.wait_said("please-wait")
    await phone.press("12")  # the first one alone leads to Grace
    await phone.wait_event("CALL_CLOSED")
    assert_said(phone, "please-wait", "menu-timeout")


def assert_said(phone: Baresip, *prompts: str) -> None:
    """These and no other of the menu's were said, one after the other."""
    words = ("please-wait", "menu-invalid", "menu-timeout", "nobody-available", "goodbye", "menu-demo")
    heard = sorted((each.at_s, prompt) for prompt in words for each in said(phone.ear(), prompt))
    assert [prompt for _, prompt in heard] == list(prompts), heard


def way(cdr: Cdr) -> list[str]:
    """The outcomes on the call's way through the plan."""
    return [step.outcome for step in cdr.path]
