from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.cdr.cdr import Cdr, build
from pbx.events.call_events import (
    By,
    CallEnded,
    CallEvent,
    CallStarted,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegMedia,
    LegResumed,
    LegRinging,
    LegStarted,
    Routed,
)
from pbx.tenants.scope import TenantScope

STARTED = CallStarted(100.0, "call-1", TenantScope("herons"), "101", "Ada", "102", "abc@phone")
CALLER = LegStarted(100.0, "a", "caller", "101", "sip:101@herons.example")
CALLEE = LegStarted(100.5, "b", "callee", "102", "sip:102@192.0.2.7")
MEDIA = LegMedia("PCMU/8000", 500, 498, 498, 0, 0.004, 1.5, 4.3)

ANSWERED: list[CallEvent] = [
    STARTED,
    CALLER,
    Routed(100.1, "numbers", "extension", "102 matches '1xx'"),
    CALLEE,
    LegRinging(101.0, "b", 180),
    LegRinging(101.1, "a", 180),
    LegAnswered(105.0, "b"),
    LegAnswered(105.2, "a"),
    LegHeld(110.0, "b"),
    LegResumed(113.0, "b"),
    LegHeld(120.0, "b"),
    LegEnded(125.2, "a", None, "caller", "BYE", MEDIA),
    LegEnded(125.2, "b", None, "system", "the other side hung up"),
    CallEnded(125.2, "caller", None, "BYE"),
]


def test_an_answered_call_in_full() -> None:
    cdr = build(ANSWERED)
    assert (cdr.id, cdr.scope, cdr.from_number, cdr.to_number) == ("call-1", TenantScope("herons"), "101", "102")
    assert (cdr.started_at, cdr.ringing_at, cdr.answered_at, cdr.ended_at) == (100.0, 101.0, 105.2, 125.2)
    assert cdr.talk_s == pytest.approx(20.0)
    assert (cdr.disposition, cdr.ended_by, cdr.sip_status, cdr.reason) == ("answered", "caller", 200, "BYE")
    caller, callee = cdr.legs
    assert caller.media == MEDIA
    assert callee.held_s == pytest.approx(3.0 + 5.2)  # a leg that ends while it is held was held to its end
    assert [(s.at, s.node, s.outcome) for s in cdr.path] == [(100.1, "numbers", "extension")]


@pytest.mark.parametrize(
    ("rings", "by", "status", "disposition"),
    [
        (True, "callee", 486, "busy"),
        (False, "callee", 600, "busy"),
        (True, "callee", 603, "declined"),
        (True, "caller", 487, "cancelled"),
        (True, "caller", None, "cancelled"),
        (True, "system", 480, "no-answer"),
        (True, "system", 408, "no-answer"),
        (False, "system", 480, "unavailable"),
        (False, "system", 404, "failed"),
        (False, "system", 488, "failed"),
        (False, "system", 503, "failed"),
    ],
)
def test_what_became_of_a_call_that_nobody_took(rings: bool, by: By, status: int | None, disposition: str) -> None:
    events: list[CallEvent] = [STARTED, CALLER, CALLEE]
    if rings:
        events.append(LegRinging(101.0, "b", 180))
    cdr = build([*events, CallEnded(130.0, by, status, "over")])
    assert cdr.disposition == disposition
    assert cdr.sip_status == status
    assert cdr.talk_s == 0.0
    assert cdr.answered_at is None


def test_a_callee_that_picks_up_as_the_caller_cancels_did_not_answer_the_call() -> None:
    cdr = build([STARTED, CALLER, CALLEE, LegAnswered(103.0, "b"), CallEnded(103.1, "caller", 487, "CANCEL")])
    assert cdr.disposition == "cancelled"
    assert cdr.legs[1].answered_at == 103.0


def test_a_history_that_stops_was_interrupted_and_keeps_the_talk_so_far() -> None:
    cdr = build(ANSWERED[:9], interrupted_at=140.0)
    assert (cdr.disposition, cdr.ended_by, cdr.sip_status) == ("interrupted", "system", 200)
    assert cdr.ended_at == 140.0
    assert cdr.talk_s == pytest.approx(140.0 - 105.2)
    assert cdr.legs[1].held_s == pytest.approx(30.0)
    assert cdr.legs[1].ended_at is None


def test_an_interruption_is_never_before_the_last_event() -> None:
    assert build(ANSWERED[:9], interrupted_at=50.0).ended_at == 110.0
    assert build(ANSWERED[:9]).ended_at == 110.0


def test_a_clock_set_back_makes_no_negative_talk() -> None:
    events = [STARTED, CALLER, LegAnswered(101.0, "a"), CallEnded(-3500.0, "caller", None, "BYE")]
    cdr = build(events)
    assert cdr.ended_at == 101.0
    assert cdr.talk_s == 0.0


def test_after_the_end_only_the_legs_last_numbers_count() -> None:
    late = LegEnded(126.0, "b", None, "system", "the other side hung up", MEDIA)
    cdr = build([*(e for e in ANSWERED if e != ANSWERED[-2]), late, LegStarted(130.0, "c", "callee", "103", "")])
    assert len(cdr.legs) == 2
    assert (cdr.legs[1].media, cdr.legs[1].ended_at, cdr.ended_at) == (MEDIA, 125.2, 125.2)


@pytest.mark.parametrize("events", [[], ANSWERED[1:]])
def test_a_history_without_its_beginning_is_refused(events: list[CallEvent]) -> None:
    with pytest.raises(ValueError, match="begins with CallStarted"):
        build(events)


AT = st.floats(0, 4e9, allow_nan=False)
LEG = st.sampled_from(["a", "b", "c"])
BY = st.sampled_from(["caller", "callee", "system"])
STATUS = st.none() | st.integers(300, 699)
EVENTS = st.one_of(
    st.builds(Routed, AT, st.just("desk"), st.just("busy"), st.just("…")),
    st.builds(LegStarted, AT, LEG, st.sampled_from(["caller", "callee"]), st.just("101"), st.just("sip:101@x")),
    st.builds(LegRinging, AT, LEG, st.integers(101, 199)),
    st.builds(LegAnswered, AT, LEG),
    st.builds(LegHeld, AT, LEG),
    st.builds(LegResumed, AT, LEG),
    st.builds(LegEnded, AT, LEG, STATUS, BY, st.just(""), st.none() | st.just(MEDIA)),
    st.builds(CallEnded, AT, BY, STATUS, st.just("")),
    st.just(STARTED),
)


def is_sane(cdr: Cdr) -> bool:
    moments = [m for m in (cdr.started_at, cdr.answered_at, cdr.ended_at) if m is not None]
    legs = [[m for m in (x.started_at, x.ended_at) if m is not None] for x in cdr.legs]
    return (
        all(ms == sorted(ms) for ms in [moments, *legs])
        and cdr.talk_s >= 0
        and all(leg.held_s >= 0 for leg in cdr.legs)
        and (cdr.disposition == "answered") <= (cdr.answered_at is not None)
        and (cdr.ringing_at is None or cdr.started_at <= cdr.ringing_at)
        and all(leg.ended_at is None or leg.ended_at <= cdr.ended_at for leg in cdr.legs)
        and len({leg.leg for leg in cdr.legs}) == len(cdr.legs)
    )


@given(st.lists(EVENTS, max_size=20), st.none() | AT)
def test_any_history_cut_anywhere_makes_a_sane_record(more: list[CallEvent], interrupted_at: float | None) -> None:
    events: Sequence[CallEvent] = [STARTED, *more]
    for length in range(1, len(events) + 1):
        prefix = events[:length]
        cdr = build(prefix, interrupted_at=interrupted_at)
        assert is_sane(cdr)
        assert (cdr.disposition == "interrupted") == (not any(isinstance(e, CallEnded) for e in prefix))
        assert msgspec.json.decode(msgspec.json.encode(cdr), type=Cdr) == cdr


@given(st.integers(1, len(ANSWERED)))
def test_a_real_history_cut_anywhere_makes_a_sane_record(length: int) -> None:
    cdr = build(ANSWERED[:length])
    assert is_sane(cdr)
    assert cdr.answered_at == (105.2 if length > 7 else None)
