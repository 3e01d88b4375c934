"""Tones as text, and the plans of countries."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mediacore as mc


def test_a_tone_is_written_as_it_sounds():
    tone = mc.Tone.parse("350+440/1000 -/250")
    assert tone.steps == (mc.ToneStep((350, 440), 1000), mc.ToneStep((), 250))
    assert tone.repeat_from == 0
    assert mc.Tone.parse("800/100 -/50 | 425/200 -/4000").repeat_from == 2
    assert mc.Tone.parse("950/330 1400/330 .").repeat_from is None
    assert mc.Tone.parse("425").repeat_from is None, "it lasts for ever by itself"


def test_sines_are_together_as_loud_as_was_wished():
    for text in ("425/100", "350+440/100", "400*25/100"):
        ((partials, _),) = mc.Tone.parse(text).native(-13.0)
        assert sum(10 ** (level / 10) for _, level in partials) == pytest.approx(10**-1.3)
    ((modulated, _),) = mc.Tone.parse("400*25/100").native(-13.0)
    assert [hz for hz, _ in modulated] == [400, 375, 425]


@pytest.mark.parametrize("text", ["", "  ", "425/x", "loud", "350+/100", "400*25*3/100", "|", "-/"])
def test_what_is_no_tone_is_refused(text):
    with pytest.raises(ValueError, match="tone"):
        mc.Tone.parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_tone_or_a_clear_error(text):
    with suppress(ValueError):
        mc.Tone.parse(text).native(-10.0)


def test_every_country_has_every_tone_and_all_come_again_but_endless_ones():
    countries = mc.tone_countries()
    assert len(countries) >= 30
    assert list(countries) == sorted(countries)
    for country in countries:
        tones = mc.country_tones(country.upper())
        for name in ("dial", "ringing", "busy", "congestion", "call_waiting", "recording", "information"):
            tone = getattr(tones, name)
            assert all(200 <= hz <= 2000 for step in tone.steps for hz in step.frequencies_hz), (country, name)
            is_endless = tone.steps[-1].duration_ms is None
            assert is_endless == (tone.repeat_from is None), (country, name)
            assert name == "dial" or not is_endless, (country, name)


def test_a_country_that_is_not_known_is_told_beside_those_that_are():
    with pytest.raises(ValueError, match=r"'xx'.*pl"):
        mc.country_tones("xx")
