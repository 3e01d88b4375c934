"""A group of real phones: all ring or one after the other, one of them has the call, and the rest are told why not."""

import pytest

from tests.support.baresip import Baresip, start_baresip
from tests.support.capture import Captured, start_capture
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.stage import Stage

pytestmark = [pytest.mark.peers, pytest.mark.timeout(60)]
PROGRAMS = ("baresip", "tshark")

ADA_HZ, GRACE_HZ, CAROL_HZ = 440.0, 1000.0, 1700.0
TURN_S = 2
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
NUMBERS = {"200": "together", "201": "in-turn"}
NODES = f"""
[nodes.together]
kind = "ring"
who = ["102", "103", "104"]

[nodes.in-turn]
kind = "ring"
who = ["102", "103"]
order = "in_turn"
ring_s = {TURN_S}
"""


async def test_one_of_a_group_has_the_call(stage: Stage):
    folder = await make_data_folder(stage, more=["103", "104"], numbers=NUMBERS, nodes=NODES)
    pbx = await PbxProcess.start(stage, folder)
    capture = await start_capture(stage, sip_port=pbx.address[1])
    ada = await start_baresip(stage, pbx, "101", tone_hz=ADA_HZ)
    grace = await start_baresip(stage, pbx, "102", tone_hz=GRACE_HZ)
    carol = await start_baresip(stage, pbx, "103", tone_hz=CAROL_HZ)

    # 104 has no phone. Both others ring; Carol takes the call, Grace's phone falls silent.
    await ada.dial("200")
    for phone in (grace, carol):
        await phone.wait_event("CALL_INCOMING")
    await carol.answer()
    await grace.wait_event("CALL_CLOSED")
    await talk_and_hang_up(ada, carol, CAROL_HZ)
    assert not any(grace.folder.glob("dump-*")), "Grace never had any audio"

    # First Grace in vain, then Carol. Only then: while Grace's phone rang, Carol's had heard nothing of the call.
    for phone in (grace, carol):
        phone.forget()
    await ada.dial("201")
    await grace.wait_event("CALL_INCOMING")
    await carol.wait_event("CALL_INCOMING")
    await grace.wait_event("CALL_CLOSED")
    await carol.answer()
    await talk_and_hang_up(ada, carol, CAROL_HZ)

    together, in_turn = await pbx.wait_cdrs(2)
    assert [leg.party for leg in together.legs] == ["101", "102", "103"]
    assert [leg.party for leg in together.legs if leg.answered_at] == ["101", "103"]
    assert [leg.party for leg in in_turn.legs if leg.answered_at] == ["101", "103"]
    assert [cdr.disposition for cdr in (together, in_turn)] == ["answered"] * 2
    await capture.finish()
    sent = [message for message in capture.messages() if message.source == pbx.address[1] and not message.is_resent]
    cancels = [message for message in sent if message.method == "CANCEL"]
    assert [message.reason for message in cancels] == [ELSEWHERE, ""]
    assert_carol_rang_after_grace_gave_up(sent, cancels[1])
    await pbx.wait_nothing_left()


def assert_carol_rang_after_grace_gave_up(sent: list[Captured], cancel: Captured) -> None:
    """By the wire's clock: one turn after Grace's INVITE the CANCEL, and not before that Carol's INVITE."""
    to_grace, to_carol = [message for message in sent if message.method == "INVITE"][-2:]
    assert to_grace.call_id == cancel.call_id
    assert to_carol.destination != to_grace.destination
    assert cancel.at - to_grace.at == pytest.approx(TURN_S, abs=0.5)
    assert to_carol.at - to_grace.at == pytest.approx(TURN_S, abs=0.5)


async def talk_and_hang_up(ada: Baresip, other: Baresip, other_hz: float) -> None:
    """Each hears the other's tone; Ada ends it."""
    await ada.wait_event("CALL_ESTABLISHED")
    await ada.wait_tone(other_hz)
    await other.wait_tone(ADA_HZ)
    await ada.hang_up()
    for phone in (ada, other):
        await phone.wait_event("CALL_CLOSED")
