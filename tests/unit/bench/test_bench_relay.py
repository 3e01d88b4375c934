"""The relay bench without a relay: what it reckons, when it stops, what it says to the peers."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.media import relay
from bench.media.asterisk import CONFIGURATION, configure, dialled_call, number
from bench.media.generator import Outcome
from bench.media.phone_sdp import media_address, phone_sdp
from bench.media.processes import Usage
from bench.media.relay import Sample, reckon
from bench.media.rtpengine import bdecode, bencode
from bench.row import Missing, Row
from pbx.sip.message import Headers, Request


def outcome(*, lost: int = 0, is_limit: bool = False) -> Outcome:
    return Outcome(
        event="result",
        streams=10,
        seconds=2.0,
        sent=1000,
        received=1000 - lost,
        lost=lost,
        late=0,
        duplicates=0,
        strays=0,
        send_errors=0,
        transit_p50_ms=0.1,
        transit_p99_ms=1.0,
        transit_max_ms=2.0,
        send_late_p99_ms=0.1,
        send_late_max_ms=0.2,
        is_limit=is_limit,
    )


def test_a_packet_costs_what_the_process_used_and_the_machine_what_is_left_without_the_generator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    before = Usage(at=10.0, subject_s=1.0, generator_s=0.5, idle_s=100.0)
    after = Usage(at=12.0, subject_s=1.02, generator_s=0.75, idle_s=103.72)
    found = reckon(outcome(), before, after)
    assert found.subject_us == pytest.approx(20.0)
    assert found.machine_us == pytest.approx(30.0)  # 4 s of two cores, 3.72 idle, 0.25 the generator's
    assert found.others_cores == pytest.approx(0.005)


def test_rows_of_one_load_stand_by_unit_so_that_subjects_can_be_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "sample", lambda *args, **options: Sample(outcome(), 10.0, 12.0, 0.0))
    rows = [row for row in relay.measure([20], ["floor", "ours"], runs=2) if isinstance(row, Row)]
    assert [(row.subject, row.unit) for row in rows[:3]] == [
        ("floor", "µs CPU/packet"),
        ("ours", "µs CPU/packet"),
        ("floor", "µs machine/packet"),
    ]
    assert {(row.work, row.runs, row.note) for row in rows} == {("relay-g711-20", 2, "")}


def test_subjects_take_turns_and_the_load_that_breaks_one_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[str, int]] = []

    def sample(subject: str, calls: int, **options: float) -> Sample:
        taken.append((subject, calls))
        return Sample(outcome(lost=20 if (subject, calls) == ("ours", 100) else 0), 10.0, 12.0, 0.0)

    monkeypatch.setattr(relay, "sample", sample)
    rows = relay.measure([20, 100, 400], ["floor", "ours"], runs=2)
    a_b = [("floor", 20), ("ours", 20)]
    assert taken[2:6] == a_b * 2
    assert {row.work for row in rows if isinstance(row, Row)} == {"relay-g711-20", "relay-g711-100"}


def test_a_missing_subject_is_told_and_the_others_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def sample(subject: str, calls: int, **options: float) -> Sample:
        if subject == "asterisk":
            raise Missing("asterisk", "make peers")
        return Sample(outcome(), 10.0, 12.0, 0.0)

    monkeypatch.setattr(relay, "sample", sample)
    found = relay.measure([20], ["asterisk", "ours"], runs=1)
    assert [str(gap) for gap in found if isinstance(gap, Missing)] == ["asterisk is missing: make peers"]
    assert {row.subject for row in found if isinstance(row, Row)} == {"ours"}


def test_a_sample_that_the_generator_spoilt_is_taken_again_and_told_of_if_that_does_not_help(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = iter([True, False, True, True, True])
    monkeypatch.setattr(relay, "sample", lambda *args, **options: Sample(outcome(is_limit=next(limits)), 1, 1, 0.5))
    helped = relay.steady_sample("ours", 20, 1.0)
    spoilt = relay.steady_sample("ours", 20, 1.0)
    assert not helped.outcome.is_limit
    assert relay.note([helped, spoilt]) == "generator late itself in 1 of 2 runs; 0.5 cores busy with other work"


values = st.recursive(
    st.binary() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.binary(), inner),
    max_leaves=20,
)


@given(values)
def test_what_is_bencoded_is_read_back(value: object) -> None:
    assert bdecode(bencode(value)) == value  # type: ignore[arg-type]


@given(st.binary() | st.text("0123456789:ilde-").map(str.encode))
def test_any_bytes_at_all_are_a_value_or_a_value_error(data: bytes) -> None:
    with suppress(ValueError):
        bdecode(data)


def test_a_phones_sdp_says_where_it_receives() -> None:
    assert media_address(phone_sdp(("127.0.0.1", 61_002))) == ("127.0.0.1", 61_002)
    with pytest.raises(ValueError, match="no audio"):
        media_address(b"v=0\r\n")


def test_asterisk_sends_every_call_on_to_the_end_that_knows_it_by_its_number(tmp_path: Path) -> None:
    configure(tmp_path, callee=("127.0.0.1", 5099))
    assert {path.name for path in tmp_path.iterdir()} == set(CONFIGURATION)
    assert "sip:${EXTEN}@127.0.0.1:5099)" in (tmp_path / "extensions.conf").read_text()
    assert f"astetcdir => {tmp_path}\n" in (tmp_path / "asterisk.conf").read_text()
    assert dialled_call(Request("INVITE", f"sip:{number(7)}@127.0.0.1:5099", Headers())) == 7
