"""Verdicts of a real engine: each cause provoked over real sockets, and none of a hundred varied calls told of."""

import random
from collections.abc import Iterator

import pytest
from mediacore.sdp import SrtpKeys

import mediacore as mc
from tests.support.media_bench import BarePhone, port_range, wait_event

LOOK_MS = 250
CALLS = 100
CALLS_LAST_REPORTS = 14  # of LOOK_MS: longer than a direction must be deaf


def told(engine: mc.Engine, leg: mc.Leg) -> mc.Verdict:
    """The first verdict on a leg."""
    return wait_event(engine, mc.VerdictRaised, lambda event: event.leg is leg).verdict


@pytest.fixture
def phone() -> Iterator[BarePhone]:
    with BarePhone() as phone:
        yield phone


def leg_to(engine: mc.Engine, phone: BarePhone, **params) -> mc.Leg:
    return engine.leg(mc.RtpParams(**{"remote": phone.local, "report_every_ms": LOOK_MS, **params}))


def send_while(engine: mc.Engine, leg: mc.Leg, phone: BarePhone, payload: bytes = b"\xff" * 160) -> mc.Verdict:
    """The first verdict on a leg whose phone goes on sending."""
    for event in engine.events(timeout_s=10):
        phone.send(leg.local, payload)
        if isinstance(event, mc.VerdictRaised) and event.leg is leg:
            return event.verdict
    raise AssertionError("no verdict")


def test_packets_sent_and_none_came(engine, phone):
    leg = leg_to(engine, phone)
    verdict = told(engine, leg)
    assert verdict.code == "sent-none-came"
    assert leg.stats().age_s < 3.5, "within three seconds, and what a loaded machine adds"


def test_a_private_address_in_the_sdp():
    # TEST-NET addresses are nowhere: what is sent there goes no further than the next router, or not even there.
    with mc.Engine(address="0.0.0.0", ports=port_range(20), threads=1) as engine:
        leg = engine.leg(mc.RtpParams(remote=("10.255.255.1", 4000), report_every_ms=LOOK_MS))
        seen = {told(engine, leg).code}
        seen |= {verdict.code for verdict in leg.verdicts()}
        assert "private-address" in seen


def test_a_payload_type_that_was_not_agreed(engine, phone):
    phone.payload_type = 18
    leg = leg_to(engine, phone)
    verdict = send_while(engine, leg, phone)
    assert verdict.code == "wrong-payload-type"
    assert "18" in verdict.sentence


def test_a_source_that_is_never_latched(engine, phone):
    leg = leg_to(engine, phone)
    with BarePhone("127.0.0.2") as stranger:
        assert send_while(engine, leg, stranger).code == "source-rejected"


def test_srtp_that_the_agreed_keys_do_not_open(engine, phone):
    leg = leg_to(engine, phone, srtp=SrtpKeys(send=mc.new_key(), receive=(mc.new_key(),)))
    assert send_while(engine, leg, phone).code == "srtp-authentication-failing"


def test_a_peer_that_falls_silent_and_one_that_comes_back(engine, phone):
    leg = leg_to(engine, phone)
    for _ in range(20):
        phone.send(leg.local)
    assert told(engine, leg).code == "peer-fell-silent"
    phone.send(leg.local)
    cleared = wait_event(engine, mc.VerdictCleared, lambda event: event.leg is leg)
    assert cleared.verdict.code == "peer-fell-silent"


def test_nothing_that_could_have_opened_a_nat(engine, phone):
    leg = leg_to(engine, phone, send_silence=False)
    codes = {told(engine, leg).code} | {verdict.code for verdict in leg.verdicts()}
    assert "nothing-sent-none-came" in codes


def test_a_peer_that_said_that_it_rests_may_be_silent(engine, phone):
    leg = leg_to(engine, phone, codecs=("PCMU/8000", "13 CN/8000"))
    phone.send(leg.local)
    phone.payload_type = 13
    phone.send(leg.local, b"\x40")
    for _ in range(CALLS_LAST_REPORTS):
        wait_event(engine, mc.Report, lambda event: event.leg is leg)
    assert leg.stats().receive.is_comfort_noise
    assert leg.verdicts() == ()


def test_a_hundred_varied_healthy_calls_are_told_nothing_of():
    rng = random.Random(20)
    with mc.Engine(ports=port_range(4 * CALLS + 8), threads=1) as engine:
        pairs = [healthy_call(engine, rng) for _ in range(CALLS)]
        reports = dict.fromkeys((leg.id for pair in pairs for leg in pair), 0)
        raised = []
        for event in engine.events(timeout_s=10):
            if isinstance(event, mc.VerdictRaised):
                raised.append((event.leg.params, event.verdict))
            elif isinstance(event, mc.Report):
                reports[event.leg.id] += 1
                if min(reports.values()) >= CALLS_LAST_REPORTS:
                    break
        assert raised == []


def healthy_call(engine: mc.Engine, rng: random.Random) -> tuple[mc.Leg, mc.Leg]:
    """Two legs that talk to each other: muted, held, silent, by other codecs and packet times."""
    common = {
        "codecs": rng.choice((("PCMU/8000",), ("PCMA/8000", "101 telephone-event/8000"))),
        "ptime_ms": rng.choice((20, 40, 60)),
        "rtcp_mux": rng.random() < 0.5,
        "report_every_ms": LOOK_MS,
    }
    a, b = engine.leg(), engine.leg()
    here, there = rng.choice((("sendrecv", "sendrecv"), ("sendonly", "recvonly"), ("inactive", "inactive")))
    a.update(mc.RtpParams(remote=b.local, direction=here, **common))
    b.update(mc.RtpParams(remote=a.local, direction=there, **common))
    for leg in (a, b):
        match rng.choice(("talks", "silent", "muted", "deaf")):
            case "talks":
                leg.play_tone(rng.uniform(200, 2000), level_dbfs=rng.uniform(-40, 0))
            case "muted":
                leg.mute(send=True)
            case "deaf":
                leg.mute(receive=True)
    return a, b


def test_a_leg_that_reports_nothing_is_told_nothing_of_and_may_be_asked(engine, phone):
    quiet = leg_to(engine, phone, report_every_ms=None)
    other = leg_to(engine, phone)
    raised = wait_event(engine, mc.VerdictRaised)
    assert (raised.leg, raised.verdict.code) == (other, "sent-none-came")
    assert quiet.verdicts(deaf_after_ms=1000)[0].code == "sent-none-came"
