"""Lists of files: one after the other, again, from the middle, louder; of every kind; and tones in time."""

from pathlib import Path

import numpy as np
import pytest

import mediacore as mc
from tests.support.media_bench import Samples, connect, level_dbfs, loudest_hz, wait_event, wait_stats
from tests.support.tone_files import write_tone

DATA = Path(__file__).parents[2] / "native" / "mediacore-audio" / "tests" / "data"


def sent_while_playing(engine: mc.Engine, leg: mc.Leg, *paths: Path, **options) -> tuple[Samples, bool]:
    """What files become on their way to the phone, first sample to last, and whether all was played."""
    with leg.tap("sent", buffer_ms=10_000) as tap:
        player = engine.play(*paths, to=leg, **options)
        finished = wait_event(engine, mc.PlayFinished, lambda event: event.player == player.id)
        samples = tap.read()
    sounding = np.flatnonzero(samples)
    return samples[sounding[0] : sounding[-1] + 1], finished.completed


@pytest.mark.parametrize(("name", "hz"), [("tone-1000hz.opus", 1000), ("tone-440hz-stereo.mp3", 440)])
def test_compressed_files_keep_their_pitch_and_length(engine, phones, name, hz):
    _, leg = connect(phones, engine)
    sent, completed = sent_while_playing(engine, leg, DATA / name)
    assert completed
    assert len(sent) == pytest.approx(4000, abs=80)
    assert loudest_hz(sent) == pytest.approx(hz, abs=5)


def test_a_list_is_played_in_order_and_again(engine, phones, tmp_path):
    _, leg = connect(phones, engine)
    low = write_tone(tmp_path / "low.wav", hz=500, duration_s=0.5)
    high = write_tone(tmp_path / "high.wav", hz=1500, duration_s=0.5, rate_hz=16_000)
    sent, completed = sent_while_playing(engine, leg, low, high, times=2)
    assert completed
    assert len(sent) == pytest.approx(16_000, abs=20)
    found = [loudest_hz(piece) for piece in np.array_split(sent, 4)]
    assert found == pytest.approx([500, 1500, 500, 1500], abs=10)
    sent, completed = sent_while_playing(engine, leg, low, tmp_path / "gone.wav", high)
    assert not completed
    assert len(sent) == pytest.approx(8000, abs=20)


def test_a_file_may_be_played_louder_and_from_its_middle(engine, phones, tmp_path):
    _, leg = connect(phones, engine)
    path = write_tone(tmp_path / "tone.wav", duration_s=2)
    sent, _ = sent_while_playing(engine, leg, path, start_ms=1500, gain_db=-12)
    assert len(sent) == pytest.approx(4000, abs=20)
    assert level_dbfs(sent) == pytest.approx(-22, abs=0.2)
    for wrong in ({"times": 0}, {"gain_db": 21}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            engine.play(path, to=leg, **wrong)
    with pytest.raises(ValueError, match="nothing"):
        engine.play(to=leg)


def test_one_may_seek_in_a_list_and_is_told_where_it_is(engine, phones, tmp_path):
    phone, leg = connect(phones, engine)
    phone.watch_tones(500, 1500)
    low = write_tone(tmp_path / "low.wav", hz=500, duration_s=60)
    high = write_tone(tmp_path / "high.wav", hz=1500, duration_s=60)
    player = engine.play(low, high, to=leg, times=None)
    assert wait_event(phones, mc.ToneStarted).hz == 500
    assert (player.item, player.position_ms) < (0, 30_000)
    player.seek(59_000, item=1)
    assert wait_event(phones, mc.ToneStarted).hz == 1500
    assert player.item == 1
    assert 59_000 <= player.position_ms <= 60_000
    assert wait_event(phones, mc.ToneStarted).hz == 500, "and round again"
    player.seek(30_000)
    wait_stats(engine, leg, lambda _: player.position_ms >= 30_000)
    player.stop()
    player.seek(0)


def test_a_country_rings_as_it_does(engine, phones):
    _, leg = connect(phones, engine)
    with leg.tap("sent", buffer_ms=10_000) as tap, leg.play_tones(mc.country_tones("gb").busy, level_dbfs=-13):
        samples = tap.read_exactly(8000, timeout_s=10)
    sounding = np.abs(samples.reshape(-1, 40)).max(axis=1) > 100
    assert loudest_hz(samples) == pytest.approx(400, abs=5)
    begin = int(np.flatnonzero(sounding)[0])
    assert sounding[begin + 2 : begin + 73].all()
    assert not sounding[begin + 77 : begin + 148].any()
    with pytest.raises(ValueError, match="sample rate"):
        leg.play_tones(mc.Tone.parse("5000/100"))


def test_a_tone_in_time_tells_of_its_end(engine, phones):
    _, leg = connect(phones, engine)
    player = leg.play_tones(mc.Tone.parse("950/60 1400/60 1800/60 ."))
    finished = wait_event(engine, mc.PlayFinished)
    assert (finished.player, finished.completed) == (player.id, True)
