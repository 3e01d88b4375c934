"""The ears of `mediacore.testing` hear what its tones say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediacore import testing

LEVELS = st.floats(-60, -1)


@given(hz=st.floats(200, 3800), level_dbfs=LEVELS)
def test_a_tone_is_heard_at_its_frequency_and_level(hz, level_dbfs):
    said = testing.tone(hz, level_dbfs=level_dbfs, duration_ms=400)
    assert testing.dominant_hz(said) == pytest.approx(hz, abs=1)
    assert testing.level_dbfs(said) == pytest.approx(level_dbfs, abs=0.3)
    assert testing.tone_dbfs(said, hz) == pytest.approx(level_dbfs, abs=0.3)


def test_of_two_tones_each_has_its_own_level():
    said = testing.tone(500, level_dbfs=-12) + testing.tone(1500, level_dbfs=-26)
    assert testing.tone_dbfs(said, 500) == pytest.approx(-12, abs=0.2)
    assert testing.tone_dbfs(said, 1500) == pytest.approx(-26, abs=0.2)
    assert testing.tone_dbfs(said, 1000) < -60
    assert testing.dominant_hz(said) == pytest.approx(500, abs=1)


def test_silence_has_no_frequency_and_the_lowest_level():
    for nothing in (testing.silence(), np.zeros(0, dtype=np.int16)):
        assert testing.dominant_hz(nothing) == 0
        assert testing.level_dbfs(nothing) == testing.tone_dbfs(nothing, 440) == -100
    assert len(testing.silence(duration_ms=20)) == 160


def test_a_tone_at_full_scale_is_not_folded_over():
    assert np.abs(testing.tone(440, level_dbfs=6).astype(int)).max() == 32_768


@pytest.mark.parametrize("bad", [{"loss_ratio": 1.1}, {"delay_ms": -1}, {"jitter_ms": -1}])
def test_a_path_that_cannot_be_is_refused_with_its_values(bad):
    with pytest.raises(ValueError, match=str(next(iter(bad.values())))):
        testing.Path(to="127.0.0.1:9", **bad)
