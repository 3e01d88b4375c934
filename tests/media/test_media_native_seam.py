"""The native engine behind the calls' interface: the same habits as the fake one, on real ports."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import trio

import mediacore
from pbx.media.interface import NoMediaPorts, Stream
from pbx.media.native import NativeEngine
from tests.support.free_ports import free_port_range

PORTS_OF_LEGS = range(0, 8, 2)
STREAM = Stream(("127.0.0.1", 9), None, ("0 PCMU/8000",))


@pytest.fixture
def engine() -> Iterator[NativeEngine]:
    with NativeEngine("127.0.0.1", free_port_range(8)) as opened:
        yield opened


def test_a_leg_names_its_port_and_gives_it_back(engine):
    leg = engine.open_leg()
    assert engine.legs_open() == 1
    leg.close()
    leg.close()
    assert engine.legs_open() == 0
    assert engine.open_leg(local=leg.local).local == leg.local


def test_no_port_is_one_error_whether_all_are_taken_or_the_wanted_one(engine):
    leg = engine.open_leg()
    with pytest.raises(NoMediaPorts):
        engine.open_leg(local=leg.local)
    more = [engine.open_leg() for _ in range(len(PORTS_OF_LEGS) - 1)]
    with pytest.raises(NoMediaPorts):
        engine.open_leg()
    assert engine.legs_open() == 1 + len(more)


def test_a_port_of_another_program_is_no_port(engine):
    leg = engine.open_leg()
    leg.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(leg.local)
        with pytest.raises(NoMediaPorts):
            engine.open_leg(local=leg.local)


def test_an_address_of_another_machine_has_no_ports():
    with NativeEngine("203.0.113.1", free_port_range(8)) as engine, pytest.raises(NoMediaPorts):
        engine.open_leg()


def test_an_advertised_address_stands_in_for_ours():
    with NativeEngine("127.0.0.1", free_port_range(8), advertised_address="192.0.2.1") as engine:
        assert engine.open_leg().local[0] == "192.0.2.1"


def test_legs_are_bridged_anew_unbridged_and_closed_in_any_order(engine):
    a, b, c = (engine.open_leg() for _ in range(3))
    for leg in (a, b, c):
        leg.update(STREAM)
    engine.bridge(a, b)
    engine.bridge(a, c)
    b.close()
    engine.unbridge(b)
    engine.echo(a)
    engine.bridge(a, c)
    c.close()
    engine.unbridge(a)
    a.close()
    assert engine.legs_open() == 0


def test_the_quality_of_a_closed_leg_is_what_was_measured_last(engine):
    leg = engine.open_leg()
    leg.update(STREAM)
    leg.close()
    assert leg.quality().packets_received == 0


async def test_a_file_that_is_no_audio_is_left_out_for_a_leg_and_for_a_room(engine, tmp_path):
    bad = tmp_path / "conf-joined.wav"
    bad.write_bytes(b"RIFF, but not for long")
    leg, room = engine.open_leg(), engine.open_room(members_max=2)
    room.add(leg)
    assert await leg.play(bad) is False
    assert await room.play(bad) is False
    room.close()
    leg.close()


async def test_a_recording_that_cannot_be_written_is_an_error_of_the_system(engine, tmp_path):
    leg = engine.open_leg()
    with pytest.raises(OSError, match="no-such-folder"):
        async with leg.recording(tmp_path / "no-such-folder" / "x.wav", max_s=1):
            pass
    leg.close()


async def test_a_disk_that_hangs_as_a_recording_ends_holds_up_no_other_call(engine, tmp_path, monkeypatch):
    leg, others_go_on = engine.open_leg(), threading.Event()
    outcomes: list[bool] = []

    def close_slowly(recorder: mediacore.Recorder) -> None:
        outcomes.append(others_go_on.wait(timeout=5))
        close(recorder)

    close = mediacore.Recorder.close
    monkeypatch.setattr(mediacore.Recorder, "close", close_slowly)
    async with trio.open_nursery() as nursery:
        async with leg.recording(tmp_path / "x.wav", max_s=1):
            nursery.start_soon(_do, others_go_on.set)
    assert outcomes == [True]
    leg.close()


async def _do(work: Callable[[], None]) -> None:
    work()


@pytest.mark.parametrize("remote", [None, ("::1", 4000), ("224.0.0.1", 4000), ("255.255.255.255", 9)])
def test_any_address_that_sdp_may_name_is_taken(engine, remote):
    leg = engine.open_leg()
    leg.update(Stream(remote, remote, ("96 PCMU/8000",), ptime_ms=60, signalling_host="::1"))
    leg.close()
