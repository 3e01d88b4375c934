"""SIPp, with scenarios of our own, against the real PBX: every way that a call can go, then two hundred of them."""

from collections.abc import Callable

import pytest

from pbx.cdr.cdr import Cdr
from tests.support.capture import start_capture
from tests.support.free_ports import free_port_range
from tests.support.pbx_process import IMPATIENT_RING_S, PbxProcess, make_data_folder
from tests.support.sipp import Outcome, register, start_sipp
from tests.support.stage import Stage, eventually

pytestmark = [pytest.mark.peers, pytest.mark.timeout(60)]
PROGRAMS = ("sipp", "tshark")

IMPATIENT = "103"
STALLS_MAX = 2  # loopback loses nothing; but a machine shared with others may stand still for T1, half a second
CALLS, CALLS_PER_S, TALK_MS = 200, 20, 1500
PACKETS_PER_S = 50


@pytest.fixture
async def pbx(stage: Stage) -> PbxProcess:
    pbx = await PbxProcess.start(stage, await make_data_folder(stage, impatient=[IMPATIENT]))
    await start_capture(stage, sip_port=pbx.address[1])  # for the ladder of a failed test
    return pbx


async def call(
    stage: Stage, pbx: PbxProcess, caller: str, phone: str, *, dials: str = "102", pause_ms: int = 200
) -> tuple[Outcome, Outcome]:
    """`dials` registers and runs scenario `phone`, 101 calls it with scenario `caller`: what became of each."""
    port = await register(stage, pbx, dials)
    called = await start_sipp(stage, pbx, phone, number=dials, port=port)
    calling = await start_sipp(stage, pbx, caller, number="101", dials=dials, pause_ms=pause_ms)
    return await calling.finish(), await called.finish()


def assert_flawless(*outcomes: Outcome) -> None:
    """Each call went as its scenario says, and nothing was sent again but where the machine stood still."""
    for outcome in outcomes:
        print(outcome)
        assert (outcome.exit_code, outcome.succeeded, outcome.failed) == (0, 1, 0), outcome
        assert outcome.all_retransmissions <= STALLS_MAX, outcome


async def only_cdr(pbx: PbxProcess) -> Cdr:
    (cdr,) = await pbx.wait_cdrs(1)
    return cdr


async def test_a_phone_registers_and_its_binding_is_kept_for_as_long_as_it_asked(stage: Stage, pbx: PbxProcess):
    await register(stage, pbx, "101")


async def test_a_call_is_answered_and_ended_by_its_caller(stage: Stage, pbx: PbxProcess):
    assert_flawless(*await call(stage, pbx, "call", "phone_answers"))
    cdr = await only_cdr(pbx)
    assert (cdr.disposition, cdr.ended_by, cdr.sip_status) == ("answered", "caller", 200)
    await pbx.wait_nothing_left()


async def test_a_busy_phone_is_heard_as_busy(stage: Stage, pbx: PbxProcess):
    assert_flawless(*await call(stage, pbx, "call_busy", "phone_is_busy"))
    cdr = await only_cdr(pbx)
    assert (cdr.disposition, cdr.sip_status) == ("busy", 486)
    await pbx.wait_nothing_left()


async def test_a_caller_who_gives_up_stops_the_ringing(stage: Stage, pbx: PbxProcess):
    assert_flawless(*await call(stage, pbx, "call_cancelled", "phone_rings_in_vain"))
    cdr = await only_cdr(pbx)
    assert (cdr.disposition, cdr.ended_by, cdr.sip_status) == ("cancelled", "caller", 487)
    await pbx.wait_nothing_left()


async def test_a_call_that_nobody_takes_ends_when_its_ringing_time_is_over(stage: Stage, pbx: PbxProcess):
    assert_flawless(*await call(stage, pbx, "call_unanswered", "phone_rings_in_vain", dials=IMPATIENT))
    cdr = await only_cdr(pbx)
    assert (cdr.disposition, cdr.sip_status) == ("no-answer", 480)
    assert cdr.ringing_at is not None
    assert cdr.ended_at - cdr.ringing_at >= IMPATIENT_RING_S - 0.1
    await pbx.wait_nothing_left()


async def test_a_caller_holds_and_takes_back(stage: Stage, pbx: PbxProcess):
    assert_flawless(*await call(stage, pbx, "call_held", "phone_answers", pause_ms=300))
    cdr = await only_cdr(pbx)
    caller = cdr.legs[0]
    assert (cdr.disposition, caller.role) == ("answered", "caller")
    assert caller.held_s >= 0.3
    await pbx.wait_nothing_left()


@pytest.mark.timeout(90)
async def test_two_hundred_calls_at_twenty_a_second_all_succeed_with_audio_both_ways(
    stage: Stage, pbx: PbxProcess, record_property: Callable[[str, object], None]
):
    before = await pbx.stats()
    descriptors = pbx.descriptors()
    port = await register(stage, pbx, "102")
    echo_port = free_port_range(4)[0]
    called = await start_sipp(stage, pbx, "phone_answers", number="102", port=port, calls=CALLS, echo_port=echo_port)
    calling = await start_sipp(
        stage,
        pbx,
        "call_with_audio",
        number="101",
        dials="102",
        calls=CALLS,
        calls_per_s=CALLS_PER_S,
        pause_ms=TALK_MS,
    )
    outcomes = {"caller": await calling.finish(), "called": await called.finish()}
    for name, outcome in outcomes.items():
        print(f"{name}: {outcome}")
        record_property(f"{name}_retransmissions", outcome.all_retransmissions)
        assert (outcome.exit_code, outcome.succeeded, outcome.failed) == (0, CALLS, 0), outcome
        # A mistake of ours would be made in each call. On an idle machine it is none.
        assert outcome.all_retransmissions <= CALLS // 5, outcome
    cdrs = await pbx.wait_cdrs(CALLS)
    assert {cdr.disposition for cdr in cdrs} == {"answered"}
    assert len({cdr.id for cdr in cdrs}) == CALLS
    for leg in (leg for cdr in cdrs for leg in cdr.legs):
        assert leg.media is not None
        at_least = 0.9 * PACKETS_PER_S * TALK_MS / 1000
        assert leg.media.packets_received >= at_least, leg
        assert leg.media.packets_sent >= at_least, leg
        assert leg.media.lost_ratio < 0.01, leg
    await pbx.wait_nothing_left(with_transactions=True)
    after = await pbx.stats()
    assert after["tasks"] == before["tasks"]
    assert after["calls_started"] == CALLS
    assert after["refused"] == {}
    await eventually(lambda: pbx.descriptors() <= descriptors, f"{descriptors} descriptors again")
