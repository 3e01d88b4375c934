"""A real phone leaves a message and another's lamp lights: by NOTIFYs that nobody subscribed to."""

from typing import Any

import pytest

from tests.support.asterisk import start_asterisk
from tests.support.baresip import start_baresip
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.stage import Stage, eventually, eventually_async

pytestmark = [pytest.mark.peers, pytest.mark.timeout(90)]
PROGRAMS = ("asterisk", "baresip")

MESSAGE_BYTES = 2 * 2 * 8000  # two seconds at least
GREETING_S = 30.0  # that and the beep are over by then


async def test_a_message_that_one_phone_leaves_lights_the_lamp_of_another(stage: Stage):
    pbx = await PbxProcess.start(stage, await make_data_folder(stage, has_voicemail=True))
    asterisk = await start_asterisk(stage, pbx, "102", tone_hz=1000.0)
    await asterisk.wait_event(Event="MessageWaiting", Mailbox="102@pbx", New="0", Old="0")
    await asterisk.unregister()
    ada = await start_baresip(stage, pbx, "101", tone_hz=440.0)

    await ada.dial("102")
    incoming = pbx.folder.path / "voicemail-incoming"
    await eventually(
        lambda: any(path.stat().st_size > MESSAGE_BYTES for path in incoming.rglob("*.wav")),
        f"a message under way in {incoming}",
        within_s=GREETING_S,
    )
    await ada.hang_up()
    await asterisk.register()

    await asterisk.wait_event(Event="MessageWaiting", Mailbox="102@pbx", New="1", Old="0")
    (cdr,) = await pbx.wait_cdrs(1)
    assert (cdr.from_number, cdr.to_number, cdr.disposition) == ("101", "102", "answered")
    assert (await lamps(pbx))["told"] == 2
    await pbx.wait_nothing_left()


async def test_a_phone_that_wants_a_subscription_first_is_asked_once_and_calls_on(stage: Stage):
    """baresip 1.0 answers 481 to what it has not subscribed to."""
    pbx = await PbxProcess.start(stage, await make_data_folder(stage, has_voicemail=True))
    ada = await start_baresip(stage, pbx, "101", tone_hz=440.0)

    async def refused() -> bool:
        return bool((await lamps(pbx))["refused"])

    await eventually_async(refused, "baresip refuses")
    await ada.dial("600")
    await ada.wait_event("CALL_ESTABLISHED")
    await ada.hang_up()
    await ada.wait_event("CALL_CLOSED")
    found = await lamps(pbx)
    assert (found["refused"], found["told"], found["in_flight"], found["mistakes"]) == (1, 0, 0, 0)
    await pbx.wait_nothing_left()


async def lamps(pbx: PbxProcess) -> dict[str, Any]:
    """What became of the NOTIFYs so far."""
    return dict((await pbx.stats())["message_waiting"])
