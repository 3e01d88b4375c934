"""Two real phones call each other through the real PBX, and hear each other."""

import statistics

import numpy as np
import pytest

from pbx.cdr.cdr import Cdr
from tests.support.baresip import TONE_PEAK, Baresip, start_baresip
from tests.support.capture import Captured, start_capture
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.stage import Stage
from tests.support.tone_heard import WINDOW_S, windows

pytestmark = [pytest.mark.peers, pytest.mark.timeout(60)]
PROGRAMS = ("baresip", "tshark")

ADA_HZ, GRACE_HZ = 440.0, 1000.0
TALK_S = 3.0
AGREES_S = 0.1  # a CDR's times with the wire's
HZ_OFF, DB_OFF = 4.0, 1.0  # one bin; G.711's steps are far finer than a decibel
TONE_DBFS = 20 * np.log10(TONE_PEAK)


@pytest.mark.parametrize("who_hangs_up", ["caller", "callee"])
@pytest.mark.parametrize("grace_codec", ["PCMU", "PCMA"])
async def test_two_phones_hear_each_other_and_the_cdr_says_when(stage: Stage, grace_codec: str, who_hangs_up: str):
    pbx = await PbxProcess.start(stage, await make_data_folder(stage))
    capture = await start_capture(stage, sip_port=pbx.address[1])
    ada = await start_baresip(stage, pbx, "101", tone_hz=ADA_HZ)
    grace = await start_baresip(stage, pbx, "102", tone_hz=GRACE_HZ, codec=grace_codec, answers=True)

    await ada.dial("102")
    await ada.wait_event("CALL_ESTABLISHED")
    await ada.wait_heard(TALK_S)
    await grace.wait_heard(TALK_S)
    await (ada if who_hangs_up == "caller" else grace).hang_up()
    for phone in (ada, grace):
        await phone.wait_event("CALL_CLOSED")

    assert_hears(ada, GRACE_HZ)
    assert_hears(grace, ADA_HZ)
    (cdr,) = await pbx.wait_cdrs(1)
    assert (cdr.from_number, cdr.to_number) == ("101", "102")
    assert (cdr.disposition, cdr.ended_by, cdr.sip_status) == ("answered", who_hangs_up, 200)
    await capture.finish()
    assert_agrees(cdr, capture.messages(), pbx.address[1])
    media = [leg.media for leg in cdr.legs if leg.media]
    assert [found.codec for found in media] == ["PCMU/8000", f"{grace_codec}/8000"]
    for found in media:
        if grace_codec == "PCMU":  # nothing needs the audio of equal codecs: no packet is decoded
            assert found.packets_forwarded > TALK_S * 40, found
            assert found.packets_decoded == 0, found
        else:
            assert found.packets_decoded > TALK_S * 40, found
    await pbx.wait_nothing_left()


def assert_hears(phone: Baresip, tone_hz: float) -> None:
    """The tone at its level nearly all the time; a gap of the phone's own jitter buffer is no fault of ours."""
    heard = windows(phone.ear())
    assert len(heard) * WINDOW_S > TALK_S / 2, heard
    whole = [h for h in heard if abs(h.peak_hz - tone_hz) <= HZ_OFF and abs(h.level_dbfs - TONE_DBFS) <= DB_OFF]
    assert len(whole) >= 0.8 * len(heard), heard
    assert statistics.median(h.purity_db for h in heard) > 30, heard


def assert_agrees(cdr: Cdr, wire: list[Captured], pbx_port: int) -> None:
    """Beginning, answer and end of the caller's dialog, as the CDR has them and as the wire had them."""
    dialog = [message for message in wire if message.call_id == cdr.sip_call_id]
    to_pbx = [message for message in wire if message.destination == pbx_port]
    invited_at = max(m.at for m in to_pbx if m.method == "INVITE" and m in dialog)  # with credentials
    answered_at = min(m.at for m in dialog if (m.cseq_method, m.status) == ("INVITE", 200))
    ended_at = min(m.at for m in to_pbx if m.method == "BYE")
    assert cdr.started_at == pytest.approx(invited_at, abs=AGREES_S)
    assert cdr.answered_at == pytest.approx(answered_at, abs=AGREES_S)
    assert cdr.ended_at == pytest.approx(ended_at, abs=AGREES_S)
    assert cdr.talk_s == pytest.approx(ended_at - answered_at, abs=AGREES_S)
