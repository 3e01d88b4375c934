"""The self-test's verdict on one leg: the cause names who is deaf, and why."""

from dataclasses import replace

import pytest

from pbx.testphone.measuring import LEVEL_TOLERANCE_DB, SEND_DBFS, Heard, Measured
from pbx.testphone.self_test import LOST_RATIO_MAX, MOS_MIN, judge

FINE = Measured(
    packets_sent=60,
    packets_received=60,
    lost_ratio=0.0,
    concealed_ratio=0.0,
    level_dbfs=SEND_DBFS,
    mos=4.4,
    deaf_because=None,
)
TONE = Heard(800.0, SEND_DBFS, 10.15)


def verdict(*, here: Measured = FINE, there: Measured = FINE, heard: Heard | None = TONE):
    return judge("101", here, there, 800.0, 10.0, heard)


def test_a_tone_that_came_through_is_well():
    leg = verdict()
    assert (leg.ok, leg.cause, leg.delay_ms, leg.found_hz) == (True, "", 150.0, 800.0)
    assert leg.sent_packets == 60


def test_a_tone_found_before_it_was_sent_took_no_time():
    assert verdict(heard=replace(TONE, at=9.999)).delay_ms == 0


@pytest.mark.parametrize(
    ("here", "there", "cause"),
    [
        (
            FINE,
            replace(FINE, unheard_because="Packets of type 9."),
            "the PBX hears nothing usable from the other phone.",
        ),
        (replace(FINE, deaf_because="no packet came"), FINE, "no packet came"),
        (replace(FINE, packets_received=0), replace(FINE, packets_sent=0), "the other phone sent no audio"),
        (replace(FINE, packets_received=0), FINE, "the other phone sent 60 packets, and none came"),
        (FINE, FINE, "60 packets came, without the 800 Hz that were sent (audio at -16 dBFS)"),
        (replace(FINE, level_dbfs=None), FINE, "60 packets came, without the 800 Hz that were sent (audio)"),
    ],
)
def test_a_deaf_leg_says_why_and_the_nearest_cause_first(here, there, cause):
    leg = verdict(here=here, there=there, heard=None)
    assert not leg.ok
    assert leg.cause.startswith(f"101 is deaf: {cause}")
    assert (leg.found_hz, leg.found_level_dbfs, leg.delay_ms) == (None, None, None)


@pytest.mark.parametrize(
    ("here", "heard", "word"),
    [
        (FINE, replace(TONE, level_dbfs=SEND_DBFS - LEVEL_TOLERANCE_DB - 0.1), "dBFS"),
        (FINE, replace(TONE, level_dbfs=SEND_DBFS + LEVEL_TOLERANCE_DB + 0.1), "dBFS"),
        (replace(FINE, lost_ratio=LOST_RATIO_MAX + 0.001), TONE, "lost"),
        (replace(FINE, mos=MOS_MIN - 0.1), TONE, "MOS"),
    ],
)
def test_audio_that_came_but_not_well_is_a_failure_with_its_figure(here, heard, word):
    leg = verdict(here=here, heard=heard)
    assert not leg.ok
    assert word in leg.cause


@pytest.mark.parametrize(
    "here",
    [
        replace(FINE, lost_ratio=LOST_RATIO_MAX),
        replace(FINE, mos=MOS_MIN),
        replace(FINE, mos=None, lost_ratio=None),
    ],
)
def test_at_the_limit_and_where_nothing_is_known_it_is_well(here):
    assert verdict(here=here).ok


def test_a_score_that_is_no_number_is_not_shown():
    assert "MOS" not in verdict(here=replace(FINE, lost_ratio=0.5, mos=float("inf"))).cause
