"""Verdicts as they come and go, by looks once a second: told once, within three seconds, and taken back."""

import random
from dataclasses import replace

from mediacore import LegStats, ReceiveStats, SendStats, VerdictWatch

LOOK_S = 1.0
FRAME_S = 0.02
HEALTHY_CALLS = 100


def codes(pair) -> tuple[list[str], list[str]]:
    raised, cleared = pair
    return [verdict.code for verdict in raised], [verdict.code for verdict in cleared]


def stats(*, age_s: float, silent_s: float, packets: int = 0, **receive) -> LegStats:
    return LegStats(
        age_s=age_s,
        receive=ReceiveStats(packets=packets, silent_ms=silent_s * 1000, **receive),
        send=SendStats(packets=round(age_s / FRAME_S)),
        remote=("203.0.113.7", 4000),
    )


def test_a_deaf_direction_is_told_of_once_within_three_seconds_and_taken_back():
    watch = VerdictWatch()
    told = {age: codes(watch.look(stats(age_s=age, silent_s=age))) for age in (0.9, 1.9, 2.9, 3.9, 4.9)}
    assert {age: raised for age, (raised, _) in told.items() if raised} == {2.9: ["sent-none-came"]}
    assert [verdict.code for verdict in watch.standing] == ["sent-none-came"]
    assert codes(watch.look(stats(age_s=5.9, silent_s=0.02, packets=20))) == ([], ["sent-none-came"])
    assert watch.standing == ()


def test_whatever_the_phase_of_the_looks_three_seconds_are_enough():
    rng = random.Random(5)
    for _ in range(200):
        watch, first_s, died_s = VerdictWatch(), rng.uniform(0, LOOK_S), rng.uniform(5, 9)
        for look in range(20):
            now = first_s + look * LOOK_S
            silent_s = max(now - died_s, 0.02)
            raised, _ = codes(watch.look(stats(age_s=now, silent_s=silent_s, packets=100)))
            if raised:
                assert raised == ["peer-fell-silent"]
                assert now - died_s <= 3.0
                break
        else:
            raise AssertionError("never told")


def test_another_cause_takes_the_place_of_the_one_before():
    watch = VerdictWatch()
    watch.look(stats(age_s=3, silent_s=3))
    refused = replace(stats(age_s=4, silent_s=4).receive.rejected, payload_type=50, payload_type_last=18)
    look = watch.look(stats(age_s=4, silent_s=4, rejected=refused))
    assert codes(look) == (["wrong-payload-type"], ["sent-none-came"])


class HealthyCall:
    """A minute of one leg's figures, varied by a seed: loss up to 1 %, jitter, mutes, holds, pauses, silence, DTX."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.loss = self.rng.choice((0.0, 0.001, 0.01))
        self.jitter_s = self.rng.choice((0.0, 0.01, 0.08))
        self.dtx = self.rng.random() < 0.3
        self.answers_after_s = self.rng.uniform(0.0, 1.5)
        self.muted = self.rng.random() < 0.2
        self.held = self.rng.choice((None, (10.0, 30.0)))
        self.rests = [(at, at + self.rng.uniform(2, 8)) for at in range(5, 60, 12)] if self.dtx else []
        self.received = self.lost = self.sent = 0
        self.heard_at = 0.0
        self.is_resting = False

    def run(self, watch: VerdictWatch) -> list[str]:
        told: list[str] = []
        now, look_at = 0.0, self.rng.uniform(0.1, LOOK_S)
        while now < 60.0:
            now += FRAME_S
            self._frame(now)
            if now >= look_at:
                look_at += LOOK_S
                told += codes(watch.look(self._stats(now)))[0]
        return told

    def _is_held(self, now: float) -> bool:
        return self.held is not None and self.held[0] <= now < self.held[1]

    def _frame(self, now: float) -> None:
        self.sent += not self._is_held(now)
        if now < self.answers_after_s or self._is_held(now):
            return
        if any(begin < now < end for begin, end in self.rests):
            self.is_resting = True  # its comfort noise came, and is all that does
            return
        self.is_resting = False
        if self.rng.random() < self.loss:
            self.lost += 1
            return
        self.received += 1
        self.heard_at = now - self.rng.uniform(0.0, self.jitter_s)

    def _stats(self, now: float) -> LegStats:
        expected = self.received + self.lost
        since_resumed = now - (self.held[1] if self.held and now >= self.held[1] else 0.0)
        return LegStats(
            age_s=now,
            receive=ReceiveStats(
                packets=self.received,
                lost=self.lost,
                lost_ratio=self.lost / expected if expected else 0.0,
                silent_ms=None if self._is_held(now) else min(now - self.heard_at, since_resumed) * 1000,
                is_comfort_noise=self.is_resting,
                level_dbfs=self.rng.choice((-127.0, -20.0)),  # digital silence is information
            ),
            send=SendStats(packets=self.sent, lost_ratio=min(self.loss * self.rng.uniform(0, 3), 0.03)),
            remote=("192.168.1.7", 4000) if self.rng.random() < 0.5 else ("203.0.113.7", 4000),
            may_receive=not self._is_held(now),
            may_send=not self._is_held(now),
            is_muted_send=self.muted,
            is_muted_receive=self.muted,
        )


def test_a_hundred_varied_healthy_calls_have_no_verdict():
    told = {seed: HealthyCall(seed).run(VerdictWatch()) for seed in range(HEALTHY_CALLS)}
    assert {seed: found for seed, found in told.items() if found} == {}
