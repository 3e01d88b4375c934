"""The relay bench on this machine, short: what it tells is whole; how fast anything was is not asked."""

import pytest

from bench.media.relay import rows, sample


@pytest.mark.parametrize("subject", ["floor", "ours"])
def test_five_calls_are_relayed_without_loss_and_every_figure_has_its_unit(subject: str) -> None:
    taken = sample(subject, 5, settle_s=0.5, measure_s=1.5)
    assert (taken.outcome.sent, taken.outcome.lost, taken.outcome.duplicates) == (750, 0, 0)
    assert taken.subject_us > 0
    found = rows(subject, 5, [taken])
    assert {row.work for row in found} == {"relay-g711-5"}
    assert [row.unit for row in found] == [
        "µs CPU/packet",
        "µs machine/packet",
        "ms transit p50",
        "ms transit p99",
        "% lost",
        "% late",
    ]
