"""The prompts as phones get them: every one decoded, resampled and played by the engine, many at a time."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

import mediacore as mc
from pbx.prompts import Prompts
from tests.support.media_bench import WAIT_S, Samples, connect, level_dbfs, loudest_hz, port_range, wait_event

FILES = sorted(Prompts().path("en", "goodbye").parents[1].glob("*/*.flac"))
AT_ONCE = 100
LONGEST_S = 20.0
WINDOW = 80  # samples: 10 ms
QUIET_DBFS = -55.0


def wait_all_finished(engine: mc.Engine, players: set[int]) -> None:
    ends_at = monotonic() + LONGEST_S + WAIT_S
    while players:
        assert monotonic() < ends_at, f"never finished: {players}"
        for event in engine.events(timeout_s=0.05):
            if isinstance(event, mc.PlayFinished):
                assert event.completed
                players.discard(event.player)


def play_all(engine: mc.Engine, files: list[Path]) -> Iterator[tuple[Path, Samples]]:
    """What each file is on its way to its phone, from the first sample to the last."""
    with ExitStack() as opened:
        legs = [engine.leg(mc.RtpParams(remote="127.0.0.1:9")) for _ in files]
        taps = [opened.enter_context(leg.tap("sent", buffer_ms=int(LONGEST_S * 1000))) for leg in legs]
        wait_all_finished(engine, {engine.play(path, to=leg).id for path, leg in zip(files, legs, strict=True)})
        for path, leg, tap in zip(files, legs, taps, strict=True):
            yield path, np.trim_zeros(tap.read())
            leg.close()


@pytest.fixture(scope="module")
def played() -> dict[str, Samples]:
    """By language and name, such as "en/goodbye"."""
    by_length = sorted(FILES, key=lambda path: path.stat().st_size)
    heard: dict[str, Samples] = {}
    with mc.Engine(ports=port_range(4 * AT_ONCE), threads=1) as engine:
        for first in range(0, len(by_length), AT_ONCE):
            for path, samples in play_all(engine, by_length[first : first + AT_ONCE]):
                heard[f"{path.parent.name}/{path.stem}"] = samples
    return heard


def window_levels(samples: Samples) -> np.ndarray:
    whole = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)
    return np.array([level_dbfs(window) for window in whole])


def test_every_prompt_is_heard_whole(played):
    assert len(played) == len(FILES)
    lengths_s = {name: len(samples) / mc.SAMPLE_RATE_HZ for name, samples in played.items()}
    assert {name: s for name, s in lengths_s.items() if not 0.15 <= s <= LONGEST_S} == {}


def test_all_speech_is_equally_loud_and_none_is_clipped(played):
    for name, samples in played.items():
        levels = window_levels(samples)
        speech = levels[levels > levels.max() - 35]
        loud = 10 * np.log10(np.mean(10 ** (speech / 10)))
        # Made at -20: what a word loses of its hiss on the way to 8 kHz leaves it a little louder or softer.
        assert -24 <= loud <= -15, f"{name}: {loud:.1f} dBFS"
        assert np.abs(samples.astype(int)).max() < 32767 * 10 ** (-3 / 20), name


def test_no_prompt_has_a_long_silence_in_it(played):
    for name, samples in played.items():
        loud = np.flatnonzero(window_levels(samples) > QUIET_DBFS)
        assert np.diff(loud).max() < 50, name  # half a second


def test_the_tones_are_the_tones_that_were_asked_for(played):
    assert loudest_hz(played["tones/beep"]) == pytest.approx(1000, abs=5)
    assert len(played["tones/beep"]) == pytest.approx(2400, abs=80)
    for name, first_hz, last_hz in [("tones/conf-joined", 660, 880), ("tones/conf-left", 880, 660)]:
        first, last = np.array_split(played[name], 2)
        assert (loudest_hz(first), loudest_hz(last)) == pytest.approx((first_hz, last_hz), abs=12)


def test_a_phone_hears_the_voice_of_a_prompt(engine, phones):
    """Past the network and G.711: most of the power is where voices have theirs, not a hiss or a hum."""
    phone, leg = connect(phones, engine)
    with phone.tap("received", buffer_ms=10_000) as tap:
        engine.play(Prompts().path("en", "vm-intro"), to=leg)
        assert wait_event(engine, mc.PlayFinished).completed
        heard = tap.read()
    power = np.abs(np.fft.rfft(heard * np.hanning(len(heard)))) ** 2
    hz = np.fft.rfftfreq(len(heard), 1 / mc.SAMPLE_RATE_HZ)
    voiced = power[(hz >= 100) & (hz <= 3400)].sum() / power.sum()
    assert voiced > 0.95
    assert level_dbfs(heard[np.abs(heard) > 200]) > -25
