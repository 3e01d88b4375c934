"""A real phone calls itself: what it says comes back, at its level."""

import statistics

import numpy as np
import pytest

from tests.support.baresip import TONE_PEAK, start_baresip
from tests.support.capture import start_capture
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.stage import Stage
from tests.support.tone_heard import WINDOW_S, windows

pytestmark = [pytest.mark.peers, pytest.mark.timeout(60)]
PROGRAMS = ("baresip", "tshark")

ADA_HZ = 440.0
TALK_S = 3.0
HZ_OFF, DB_OFF = 4.0, 1.0  # one bin; G.711's steps are far finer than a decibel
TONE_DBFS = 20 * np.log10(TONE_PEAK)


async def test_a_phone_hears_itself(stage: Stage):
    pbx = await PbxProcess.start(stage, await make_data_folder(stage))
    await start_capture(stage, sip_port=pbx.address[1])  # for the ladder of a failed test
    ada = await start_baresip(stage, pbx, "101", tone_hz=ADA_HZ, codec="PCMA")

    await ada.dial("600")
    await ada.wait_event("CALL_ESTABLISHED")
    await ada.wait_heard(TALK_S)
    await ada.hang_up()
    await ada.wait_event("CALL_CLOSED")

    heard = windows(ada.ear())
    assert len(heard) * WINDOW_S > TALK_S / 2, heard
    whole = [h for h in heard if abs(h.peak_hz - ADA_HZ) <= HZ_OFF and abs(h.level_dbfs - TONE_DBFS) <= DB_OFF]
    assert len(whole) >= 0.8 * len(heard), heard
    assert statistics.median(h.purity_db for h in heard) > 30, heard
    (cdr,) = await pbx.wait_cdrs(1)
    assert (cdr.from_number, cdr.to_number, cdr.disposition, cdr.ended_by) == ("101", "600", "answered", "caller")
    (leg,) = cdr.legs
    assert leg.media is not None
    assert leg.media.codec == "PCMA/8000"
    assert leg.media.packets_sent >= TALK_S * 40, leg.media
    await pbx.wait_nothing_left()
