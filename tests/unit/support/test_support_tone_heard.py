"""The ear of the tests with real phones."""

import numpy as np
import pytest

from tests.support.tone_heard import RATE, hear, level_of, seconds_of, windows, without_tones


def tone(hz: float, peak: float, seconds: float = 1.0) -> np.ndarray:
    return peak * np.sin(2 * np.pi * hz / RATE * np.arange(int(seconds * RATE)))


@pytest.mark.parametrize(("peak", "dbfs"), [(1.0, 0.0), (0.5, -6.02), (0.01, -40.0)])
def test_a_tone_is_found_with_its_level(peak: float, dbfs: float):
    heard = hear(tone(440, peak))
    assert heard.peak_hz == 440
    assert heard.level_dbfs == pytest.approx(dbfs, abs=0.1)
    assert heard.purity_db > 60


def test_noise_beside_a_tone_costs_purity():
    noise = np.random.default_rng(1).normal(0, 0.05, RATE)
    assert 10 < hear(tone(1000, 0.5) + noise).purity_db < 30


def test_each_of_several_tones_has_its_level():
    both = tone(440, 0.5) + tone(1000, 0.05)
    assert level_of(both, 440) == pytest.approx(-6.02, abs=0.1)
    assert level_of(both, 1000) == pytest.approx(-26.02, abs=0.1)
    assert level_of(both, 1700) < -80


def test_the_length_of_a_tone_among_others():
    call = np.concatenate([tone(440, 0.5), np.zeros(RATE), tone(440, 0.5), tone(1000, 0.5)])
    assert seconds_of(call, 440) == 2.0
    assert seconds_of(call, 1000) == 1.0
    assert seconds_of(call, 700) == 0.0


def test_a_tone_that_is_taken_away_leaves_the_others():
    left = without_tones(np.concatenate([tone(440, 0.5), tone(440, 0.5) + tone(1000, 0.05)]), 440)
    assert level_of(left, 440) < -60
    assert level_of(left[RATE:], 1000) == pytest.approx(-26.02, abs=0.2)


def test_silence_before_the_first_sound_is_left_out_and_gaps_are_not():
    silence = np.zeros(RATE)
    heard = windows(np.concatenate([silence, tone(440, 0.5), silence, tone(440, 0.5)]))
    assert [h.level_dbfs > -10 for h in heard] == [True] * 4 + [False] * 4 + [True] * 4


def test_nothing_is_heard_in_silence():
    assert windows(np.zeros(RATE)) == []
