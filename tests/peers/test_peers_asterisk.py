"""Asterisk (chan_pjsip) registered here as a phone, in calls with another make of phone: both hear each other."""

import statistics

import numpy as np
import pytest

from pbx.cdr.cdr import Cdr
from tests.support.asterisk import Asterisk, start_asterisk
from tests.support.baresip import TONE_PEAK, Baresip, start_baresip
from tests.support.capture import start_capture
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.stage import Stage
from tests.support.tone_heard import WINDOW_S, windows

pytestmark = [pytest.mark.peers, pytest.mark.timeout(60)]
PROGRAMS = ("asterisk", "baresip", "tshark")

ADA_HZ, ASTERISK_HZ = 440.0, 1000.0
ASTERISK_DBFS = -13.1  # what its PlayTones comes to: a peak of 7219
TALK_S = 3.0
HZ_OFF, DB_OFF = 4.0, 1.0  # one bin; G.711's steps are far finer than a decibel


@pytest.mark.parametrize(("codec", "who_hangs_up"), [("PCMU", "callee"), ("PCMA", "caller")])
async def test_asterisk_is_called(stage: Stage, codec: str, who_hangs_up: str):
    pbx = await PbxProcess.start(stage, await make_data_folder(stage))
    ada = await start_baresip(stage, pbx, "101", tone_hz=ADA_HZ)
    asterisk = await start_asterisk(stage, pbx, "102", tone_hz=ASTERISK_HZ, codec=codec)

    await ada.dial("102")
    await talk(ada, asterisk)
    await (ada if who_hangs_up == "caller" else asterisk).hang_up()
    await over(ada, asterisk)

    assert_they_heard_each_other(ada, asterisk)
    (cdr,) = await pbx.wait_cdrs(1)
    assert_says(cdr, "101", "102", who_hangs_up, ["PCMU/8000", f"{codec}/8000"])
    await pbx.wait_nothing_left()


@pytest.mark.parametrize(("codec", "who_hangs_up"), [("PCMU", "caller"), ("PCMA", "callee")])
async def test_asterisk_calls(stage: Stage, codec: str, who_hangs_up: str):
    pbx = await PbxProcess.start(stage, await make_data_folder(stage))
    ada = await start_baresip(stage, pbx, "101", tone_hz=ADA_HZ, answers=True)
    asterisk = await start_asterisk(stage, pbx, "102", tone_hz=ASTERISK_HZ, codec=codec)

    await asterisk.dial("101")
    await talk(ada, asterisk)
    await (asterisk if who_hangs_up == "caller" else ada).hang_up()
    await over(ada, asterisk)

    assert_they_heard_each_other(ada, asterisk)
    (cdr,) = await pbx.wait_cdrs(1)
    assert_says(cdr, "102", "101", who_hangs_up, [f"{codec}/8000", "PCMU/8000"])
    await pbx.wait_nothing_left()


async def test_a_reinvite_of_asterisk_in_the_middle_of_a_call_costs_no_audio(stage: Stage):
    pbx = await PbxProcess.start(stage, await make_data_folder(stage))
    capture = await start_capture(stage, sip_port=pbx.address[1])
    ada = await start_baresip(stage, pbx, "101", tone_hz=ADA_HZ)
    asterisk = await start_asterisk(stage, pbx, "102", tone_hz=ASTERISK_HZ)

    await ada.dial("102")
    await talk(ada, asterisk)
    await asterisk.rename("Somebody Else")
    await ada.wait_heard(2 * TALK_S)
    await asterisk.wait_heard(2 * TALK_S)
    await ada.hang_up()
    await over(ada, asterisk)

    assert_they_heard_each_other(ada, asterisk, for_s=2 * TALK_S)
    (cdr,) = await pbx.wait_cdrs(1)
    assert_says(cdr, "101", "102", "caller", ["PCMU/8000", "PCMU/8000"])
    await capture.finish()
    sent = [m for m in capture.messages() if not m.is_resent]
    with_asterisk = [m for m in sent if asterisk.sip_port in (m.source, m.destination)]
    assert [m.source for m in with_asterisk if m.method == "INVITE"] == [pbx.address[1], asterisk.sip_port]
    answers = [m for m in with_asterisk if m.cseq_method == "INVITE" and m.source == pbx.address[1] and m.status]
    assert [m.status for m in answers if m.status != 100] == [200]
    await pbx.wait_nothing_left()


async def talk(ada: Baresip, asterisk: Asterisk) -> None:
    """Returns when both have heard for TALK_S."""
    await ada.wait_event("CALL_ESTABLISHED")
    await ada.wait_heard(TALK_S)
    await asterisk.wait_heard(TALK_S)


async def over(ada: Baresip, asterisk: Asterisk) -> None:
    """Returns when both know of the end."""
    await ada.wait_event("CALL_CLOSED")
    await asterisk.wait_event(Event="Hangup")


def assert_they_heard_each_other(ada: Baresip, asterisk: Asterisk, *, for_s: float = TALK_S) -> None:
    """Each the other's tone at its level, nearly all the time."""
    assert_hears(ada.ear(), ASTERISK_HZ, ASTERISK_DBFS, for_s)
    assert_hears(asterisk.ear(), ADA_HZ, 20 * float(np.log10(TONE_PEAK)), for_s)


def assert_hears(ear: np.ndarray, tone_hz: float, tone_dbfs: float, for_s: float) -> None:
    """The tone at its level; a gap of the phone's own jitter buffer is no fault of ours."""
    heard = windows(ear)
    assert len(heard) * WINDOW_S > for_s / 2, heard
    whole = [h for h in heard if abs(h.peak_hz - tone_hz) <= HZ_OFF and abs(h.level_dbfs - tone_dbfs) <= DB_OFF]
    assert len(whole) >= 0.8 * len(heard), heard
    assert statistics.median(h.purity_db for h in heard) > 30, heard


def assert_says(cdr: Cdr, from_number: str, to_number: str, ended_by: str, codecs: list[str]) -> None:
    """The record tells who called whom, who ended it, and what each leg spoke."""
    assert (cdr.from_number, cdr.to_number) == (from_number, to_number)
    assert (cdr.disposition, cdr.ended_by, cdr.sip_status) == ("answered", ended_by, 200)
    assert cdr.talk_s > TALK_S / 2
    assert [leg.media.codec for leg in cdr.legs if leg.media] == codecs
