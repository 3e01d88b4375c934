"""The search for the largest load, with relays that break where the test says."""

import pytest

from bench.__main__ import modules
from bench.media import relay_max
from bench.media.relay_max import largest, rows


def test_each_is_raised_until_it_breaks_and_the_others_go_on() -> None:
    asked: list[tuple[str, int]] = []
    bearable = {"ours": 300, "floor": 500, "rtpengine": 100}

    def is_borne(subject: str, calls: int) -> bool:
        asked.append((subject, calls))
        return calls <= bearable[subject]

    found = largest(list(bearable), [200, 300, 400, 500], is_borne)
    assert found == {"ours": 300, "floor": 500, "rtpengine": 0}
    assert asked[3:] == [("ours", 300), ("floor", 300), ("ours", 400), ("floor", 400), ("floor", 500)]


def test_what_all_bear_stands_in_every_row_and_an_open_end_is_told() -> None:
    told = rows({"ours": 500, "floor": 400}, [400, 500])
    assert [(row.median, row.note) for row in told] == [
        (500, "all bear 400; no more were tried"),
        (400, "all bear 400"),
    ]


def test_a_load_that_broke_once_gets_a_second_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    class Outcome:
        def __init__(self, lost_percent: float) -> None:
            self.outcome = self
            self.lost_percent = lost_percent

    lost = iter([Outcome(2.0), Outcome(0.1), Outcome(2.0), Outcome(1.0)])
    monkeypatch.setattr(relay_max, "sample", lambda *args, **options: next(lost))
    assert relay_max.bears("ours", 400)
    assert not relay_max.bears("ours", 500)


def test_the_work_picks_the_module() -> None:
    assert list(modules(["relay-g711-max"])) == ["bench.media.relay_max"]
