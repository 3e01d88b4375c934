"""Why a direction is deaf: each cause has its own figures, and good figures have none."""

from dataclasses import replace

import pytest

from mediacore import LegStats, ReceiveStats, Rejected, SendStats, verdicts, why_deaf

HEALTHY = LegStats(
    age_s=60.0,
    receive=ReceiveStats(packets=3000, silent_ms=20.0, lost_ratio=0.001),
    send=SendStats(packets=3000, lost_ratio=0.0),
    remote=("203.0.113.7", 4000),
    is_latched=True,
    mos=4.4,
)
DEAF = replace(HEALTHY, receive=ReceiveStats(silent_ms=5000.0), is_latched=False, mos=None)


def codes(stats: LegStats, **more) -> list[str]:
    return [verdict.code for verdict in verdicts(stats, **more)]


def with_rejected(**rejected: int) -> LegStats:
    return replace(DEAF, receive=replace(DEAF.receive, rejected=Rejected(**rejected)))


def test_a_healthy_leg_has_no_verdict():
    assert codes(HEALTHY) == []
    assert why_deaf(HEALTHY) is None


def test_a_young_leg_has_no_verdict_yet():
    young = replace(DEAF, age_s=0.5, receive=ReceiveStats(silent_ms=500.0), send=SendStats())
    assert codes(young) == []
    assert codes(young, deaf_after_ms=400.0) != []


def test_forged_packets_are_no_verdict_on_a_leg_that_hears_its_peer():
    flooded = replace(HEALTHY.receive, rejected=Rejected(unauthenticated=10_000, unauthenticated_run=3))
    assert codes(replace(HEALTHY, receive=flooded)) == []


def test_a_held_direction_is_not_deaf():
    assert codes(replace(DEAF, may_receive=False)) == []


@pytest.mark.parametrize(
    ("stats", "code"),
    [
        (DEAF, "sent-none-came"),
        (replace(DEAF, send=SendStats(), remote=None), "nothing-sent-none-came"),
        (replace(DEAF, remote=("192.168.1.7", 4000)), "private-address"),
        (with_rejected(payload_type=50, payload_type_last=18), "wrong-payload-type"),
        (with_rejected(host=50), "source-rejected"),
        (with_rejected(unauthenticated=50, unauthenticated_run=50), "srtp-authentication-failing"),
        (
            replace(
                HEALTHY,
                receive=replace(
                    HEALTHY.receive, silent_ms=9000.0, rejected=Rejected(unauthenticated=450, unauthenticated_run=450)
                ),
            ),
            "srtp-authentication-failing",
        ),
        (with_rejected(port=50), "source-rejected"),
        (with_rejected(no_peer=50), "source-rejected"),
        (replace(HEALTHY, receive=replace(HEALTHY.receive, silent_ms=9000.0)), "peer-fell-silent"),
        (replace(HEALTHY, send=SendStats(packets=100, errors=90)), "send-refused"),
        (replace(HEALTHY, send=SendStats(nowhere=90), remote=None), "no-address"),
        (replace(HEALTHY, send=SendStats()), "nothing-sent"),
        (replace(HEALTHY, receive=replace(HEALTHY.receive, lost_ratio=0.2, lost=600), mos=2.5), "loss-from-peer"),
        (
            replace(HEALTHY, receive=replace(HEALTHY.receive, concealed_ratio=0.2, concealed_ms=600.0), mos=2.5),
            "loss-from-peer",
        ),
        (replace(HEALTHY, send=SendStats(packets=3000, lost_ratio=0.1, mos=3.0)), "loss-to-peer"),
    ],
)
def test_each_cause_is_named_with_evidence_and_remedy(stats, code):
    first = verdicts(stats)[0]
    assert first.code == code
    assert first.sentence.endswith(".")
    assert any(letter.isdigit() for letter in first.evidence)
    assert first.remedy


def test_the_address_of_the_sdp_counts_where_the_caller_knows_it():
    assert codes(DEAF, signalled=("10.0.0.7", 4000)) == ["private-address"]


def test_within_a_private_network_a_private_address_is_no_cause():
    assert codes(DEAF, signalled=("10.0.0.7", 4000), local=("10.0.0.1", 20000)) == ["sent-none-came"]


def test_the_payload_type_is_in_the_sentence():
    assert "18" in (why_deaf(with_rejected(payload_type=50, payload_type_last=18)) or "")


def test_a_wrong_payload_type_once_among_good_packets_is_no_cause():
    stray = replace(HEALTHY, receive=replace(HEALTHY.receive, rejected=Rejected(payload_type=1, payload_type_last=13)))
    assert codes(stray) == []


def test_a_peer_that_sent_comfort_noise_last_may_be_silent():
    resting = replace(HEALTHY.receive, silent_ms=20_000.0, is_comfort_noise=True)
    assert codes(replace(HEALTHY, receive=resting)) == []


def test_a_few_packets_lost_at_the_beginning_are_chance():
    few = replace(HEALTHY.receive, packets=40, lost=3, lost_ratio=0.07)
    assert codes(replace(HEALTHY, receive=few)) == []
