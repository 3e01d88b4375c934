"""A real phone leaves a message after the beep, and another one hears it with its PIN: words, tone and keys."""

import pytest

from tests.support.baresip import start_baresip
from tests.support.capture import start_capture
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.prompt_heard import said
from tests.support.stage import Stage
from tests.support.tone_heard import seconds_of

pytestmark = [pytest.mark.peers, pytest.mark.timeout(90)]
PROGRAMS = ("baresip", "sox", "tshark")

ADA_HZ = 440.0
SPEAK_S = 2.0
TYPED_S = 1.0  # by how much what was recorded may be longer: until the key came, and until the beep was recognised
SAID = ["vm-unavailable", "vm-is-not-available", "vm-intro", "beep", "vm-goodbye"]


async def test_what_one_phone_says_another_hears(stage: Stage):
    pbx = await PbxProcess.start(stage, await make_data_folder(stage, has_voicemail=True))
    await start_capture(stage, sip_port=pbx.address[1])  # for the ladder of a failed test
    ada = await start_baresip(stage, pbx, "101", tone_hz=ADA_HZ)

    await ada.dial("102")
    (beep,) = await ada.wait_said("beep")
    await ada.wait_heard(beep.at_s + SPEAK_S)
    await ada.press("#")
    await ada.wait_event("CALL_CLOSED")
    heard = sorted((each.at_s, prompt) for prompt in SAID for each in said(ada.ear(), prompt))
    assert [prompt for _, prompt in heard] == SAID, heard
    (message,) = await pbx.messages()
    assert (message.box, message.from_number, message.heard) == ("102", "101", False)
    assert seconds_of(await pbx.message_audio(message), ADA_HZ) == pytest.approx(SPEAK_S, abs=TYPED_S)

    grace = await start_baresip(stage, pbx, "102", tone_hz=1000.0)
    await grace.dial("*97")
    await grace.wait_said("vm-enter-pin", first_s=1.5)
    await grace.press(pbx.folder.pins["102"] + "#")
    await grace.wait_tone(ADA_HZ)
    await grace.wait_said("vm-menu", first_s=1.0)
    assert seconds_of(grace.ear(), ADA_HZ) == pytest.approx(message.duration_s, abs=TYPED_S)
    for words in ("vm-you-have", "new-message-one", "vm-message-from"):
        assert len(said(grace.ear(), words)) == 1, words
    await grace.press("#")
    await grace.wait_event("CALL_CLOSED")

    assert [each.heard for each in await pbx.messages()] == [True]
    left, collected = await pbx.wait_cdrs(2)
    assert [cdr.disposition for cdr in (left, collected)] == ["answered"] * 2
    assert [cdr.ended_by for cdr in (left, collected)] == ["system"] * 2
    await pbx.wait_nothing_left()
