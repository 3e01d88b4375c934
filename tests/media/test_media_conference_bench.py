"""The conference bench on this machine, short: members hear a mix; how fast anything was is not asked."""

import pytest

from bench.media.conference import rows, sample


@pytest.mark.parametrize(("subject", "mixed_percent"), [("ours", 100.0), ("floor", 0.0)])
def test_six_members_hear_a_mix_from_a_room_and_one_voice_from_a_relay(subject: str, mixed_percent: float) -> None:
    taken = sample(subject, 6, settle_s=1, measure_s=1)
    assert taken.heard.received > 0
    assert taken.heard.mixed_percent == pytest.approx(mixed_percent, abs=2.0)
    assert taken.subject_ms > 0
    assert len(rows(subject, 6, [taken])) == 6
