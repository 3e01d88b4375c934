"""A path of `mediacore.testing` loses what its seed says, and delays the rest."""

import os
import socket

import pytest

from mediacore import Engine, RtpParams, testing

PACKETS = 200  # as many as a socket holds until somebody reads


@pytest.fixture
def destination():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.bind(("127.0.0.1", 0))
        end.settimeout(10)
        yield end


def numbers_that_arrive(destination, **options) -> list[int]:
    """Of so many that were sent, in the order in which they come."""
    with (
        testing.Path(to=destination.getsockname(), **options) as path,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone,
    ):
        for number in range(PACKETS):
            phone.sendto(number.to_bytes(2, "big"), path.address)
        while path.stats().taken < PACKETS:
            os.sched_yield()
        arrived = []
        while len(arrived) < PACKETS - path.stats().lost:
            arrived.append(int.from_bytes(destination.recv(2), "big"))
        return arrived


def test_a_path_without_faults_hands_over_everything_in_order(destination):
    assert numbers_that_arrive(destination) == list(range(PACKETS))


def test_the_same_seed_loses_the_same_packets_and_another_one_others(destination):
    first, again, other = (numbers_that_arrive(destination, loss_ratio=0.2, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert 0.7 * PACKETS < len(first) < 0.9 * PACKETS


def test_jitter_lets_packets_overtake_one_another_and_loses_none(destination):
    arrived = numbers_that_arrive(destination, delay_ms=20, jitter_ms=60, seed=3)
    assert arrived != sorted(arrived)
    assert sorted(arrived) == list(range(PACKETS))


def test_a_call_over_a_path_is_heard_and_its_loss_is_counted():
    with Engine(threads=1) as engine, engine.leg() as alice, engine.leg() as bob:
        with testing.Path(to=bob.local, loss_ratio=0.1, delay_ms=30, seed=5) as path, bob.tap("received") as tap:
            for leg in (alice, bob):
                leg.update(RtpParams(remote=path.address, rtcp_mux=True))
            alice.play_tone(1000)
            heard = tap.read_exactly(16_000, timeout_s=20)
            assert testing.dominant_hz(heard[8000:]) == pytest.approx(1000, abs=5)
            assert path.stats().lost > 0
            assert bob.stats().receive.lost > 0
            assert alice.stats().receive.lost > 0


def test_a_closed_path_may_be_closed_again(destination):
    path = testing.Path(to=destination.getsockname())
    path.close()
    path.close()
