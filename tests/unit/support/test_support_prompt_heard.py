"""The ear for words of the tests with real phones."""

import numpy as np
import pytest

from tests.support.peers import require
from tests.support.prompt_heard import prompt_samples, said
from tests.support.tone_heard import RATE, without_tones


@pytest.fixture(autouse=True)
def sox() -> None:
    require("sox")


def pause(seconds: float) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.001, int(seconds * RATE))


def over_g711(samples: np.ndarray) -> np.ndarray:
    """Rounded about as coarsely as µ-law does it: eight bits, finer for what is quiet."""
    curve = np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log(256)
    rounded = np.round(curve * 127) / 127
    return np.sign(rounded) * np.expm1(np.abs(rounded) * np.log(256)) / 255


def test_a_prompt_is_found_where_it_was_said():
    ear = over_g711(np.concatenate([pause(1.5), prompt_samples("menu-demo"), pause(1.0)]))
    (found,) = said(ear, "menu-demo")
    assert found.at_s == pytest.approx(1.5, abs=0.01)
    assert found.share == 1.0


def test_each_time_that_it_was_said_is_found():
    ear = np.concatenate([prompt_samples("goodbye"), pause(1.0), prompt_samples("goodbye"), prompt_samples("goodbye")])
    length_s = len(prompt_samples("goodbye")) / RATE
    at = [each.at_s for each in said(ear, "goodbye")]
    assert at == pytest.approx([0, length_s + 1, 2 * length_s + 1], abs=0.02)


@pytest.mark.parametrize(
    ("was_said", "alike"),
    [
        ("conf-enter-pin", "vm-enter-pin"),
        ("conf-wrong-pin", "vm-wrong-pin"),
        ("conf-muted", "conf-unmuted"),
        ("conf-unmuted", "conf-muted"),
        ("menu-invalid", "vm-wrong-pin"),
        ("vm-greeting-saved", "vm-message-saved"),
        ("vm-message-saved", "vm-greeting-saved"),
        ("vm-no-more-messages", "vm-no-messages"),
        ("new-message-one", "old-message-one"),
        ("vm-intro", "vm-record-greeting"),
        ("day-22", "day-27"),
        ("conf-joined", "conf-left"),
        ("conf-left", "conf-joined"),
    ],
)
def test_a_prompt_of_other_words_is_not_taken_for_it(was_said: str, alike: str):
    ear = over_g711(np.concatenate([pause(0.5), prompt_samples(was_said), pause(0.5)]))
    assert len(said(ear, was_said)) == 1
    assert said(ear, alike) == []


def test_another_language_is_not_taken_for_it():
    assert said(prompt_samples("menu-demo", "pl"), "menu-demo") == []


def test_a_gap_of_three_frames_costs_little():
    whole = prompt_samples("vm-intro")
    cut_at = int(2.125 * RATE)  # the middle of a piece
    (found,) = said(np.concatenate([whole[:cut_at], whole[cut_at + 480 :]]), "vm-intro")
    assert 0.9 < found.share < 1.0


def test_half_a_prompt_is_none_unless_its_beginning_is_enough():
    ear = prompt_samples("menu-demo")[: 4 * RATE]
    assert said(ear, "menu-demo") == []
    (found,) = said(ear, "menu-demo", first_s=2.0)
    assert found.share == 1.0


@pytest.mark.parametrize("seconds", [0.0, 0.1, 3.0])
def test_nothing_is_said_in_silence(seconds: float):
    assert said(np.zeros(int(seconds * RATE)), "beep") == []
    assert said(pause(seconds), "goodbye") == []


def test_a_prompt_behind_louder_tones_is_found_once_they_are_taken_away():
    prompt = np.concatenate([pause(2.0), prompt_samples("conf-unmuted"), pause(0.3)])
    tones = sum(0.2 * np.sin(2 * np.pi * hz / RATE * np.arange(len(prompt))) for hz in (440, 1000))
    tones[:RATE] = 0.0
    assert said(prompt + tones, "conf-unmuted") == []
    assert len(said(without_tones(prompt + tones, 440, 1000), "conf-unmuted")) == 1
    assert said(without_tones(prompt + tones, 440, 1000), "conf-muted") == []


def test_a_tone_through_all_is_no_prompt():
    tone = 0.5 * np.sin(2 * np.pi * 440 / RATE * np.arange(5 * RATE))
    assert [name for name in ("menu-demo", "goodbye", "beep", "conf-joined") if said(tone, name)] == []
