"""A leg's life: ports, sockets, threads, and what is left afterwards."""

import socket

import pytest

import mediacore as mc
from tests.support.media_bench import BarePhone, connect, port_range, wait_event, wait_stats


def is_nothing_left(engine: mc.Engine) -> bool:
    stats = engine.stats()
    return (stats.legs, stats.bridges, stats.ports_in_use, stats.sockets) == (0, 0, 0, 0)


def test_a_leg_has_an_even_port_and_rtcp_above_it(engine, ports):
    leg = engine.leg()
    host, port = leg.local
    assert (host, port % 2, port in ports) == ("127.0.0.1", 0, True)
    assert leg.local_rtcp == (host, port + 1)
    assert engine.leg(mc.RtpParams(rtcp_mux=True)).local_rtcp[1] % 2 == 0


def test_closing_a_leg_frees_its_ports_at_once(engine):
    with engine.leg() as leg:
        assert engine.stats().ports_in_use == 2
    assert is_nothing_left(engine)
    leg.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(leg.local)


def test_a_full_range_says_which_and_recovers(ports):
    with mc.Engine(ports=ports[:8], threads=1) as engine:
        legs = [engine.leg() for _ in range(engine.stats().port_pairs)]
        with pytest.raises(mc.PortsExhausted) as caught:
            engine.leg()
        assert caught.value.ports == ports[:8]
        legs[0].close()
        engine.leg()


def test_two_hundred_legs_come_and_go_and_leave_nothing(phones):
    with mc.Engine(ports=port_range(600), threads=2) as engine:
        for _ in range(2):
            legs = [engine.leg() for _ in range(200)]
            assert len({leg.local for leg in legs}) == 200
            for a, b in zip(legs[::2], legs[1::2], strict=True):
                engine.bridge(a, b)
            assert len(engine.leg_stats()) == 200
            for leg in legs:
                leg.close()
            assert is_nothing_left(engine)


def test_an_engine_that_closes_takes_everything_with_it(ports):
    with mc.Engine(ports=ports) as engine:
        leg = engine.leg()
    assert leg.is_closed
    assert is_nothing_left(engine)
    assert engine.stats().threads == 0
    with pytest.raises(mc.EngineClosed):
        engine.leg()
    assert list(engine.events()) == []
    engine.close()


def test_two_engines_do_not_know_each_other(ports, phones):
    with mc.Engine(ports=port_range(20)) as one, mc.Engine(ports=port_range(20)) as other:
        phone, leg = connect(one, other)
        phone.watch_tones(440)
        leg.play_tone(440)
        assert wait_event(one, mc.ToneStarted).leg is phone
        assert all(event.leg is leg for event in other.poll_events())


def test_a_closed_leg_says_so_and_keeps_its_last_figures(engine, phones):
    _, to_alice = connect(phones, engine)
    wait_stats(engine, to_alice, lambda stats: stats.receive.packets > 0)
    to_alice.close()
    with pytest.raises(mc.LegClosed):
        to_alice.play_tone(440)
    assert to_alice.stats().receive.packets > 0
    assert "closed" in repr(to_alice)


def test_a_restored_call_gets_its_port_back(engine, ports):
    port = engine.leg().local[1]
    with pytest.raises(OSError, match=r"[Aa]ddress already in use"):
        engine.leg(port=port)
    engine.close()
    with mc.Engine(ports=ports) as restarted:
        leg = restarted.leg(port=port)
        assert leg.local[1] == port
        assert restarted.leg().local[1] != port


def test_sockets_can_be_handed_in_and_stay_the_callers(engine):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp, BarePhone() as phone:
        rtp.bind(("127.0.0.1", 0))
        with engine.leg(mc.RtpParams(remote=phone.local, rtcp_mux=True), sockets=(rtp, None)) as leg:
            assert leg.local == rtp.getsockname()
            phone.send(leg.local)
            wait_event(engine, mc.Latched)
            assert engine.stats().ports_in_use == 0
        rtp.sendto(b"still ours", phone.local)


def test_what_is_no_datagram_socket_is_refused(engine):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream, pytest.raises(OSError, match="datagram"):
        engine.leg(sockets=(stream, None))
    assert is_nothing_left(engine)


def test_the_peer_is_told_goodbye(engine, phones):
    alice, to_alice = connect(phones, engine, rtcp_mux=True)
    alice.update(mc.RtpParams(remote=to_alice.local, rtcp_mux=True))
    wait_stats(engine, to_alice, lambda stats: stats.receive.packets > 0)
    wait_event(phones, mc.Latched)
    to_alice.close()
    assert wait_event(phones, mc.RemoteBye).leg is alice


def test_a_silent_peer_is_told_of_once_and_its_return_too(engine):
    with BarePhone() as phone:
        leg = engine.leg(mc.RtpParams(remote=phone.local, media_timeout_s=0.1))
        event = wait_event(engine, mc.MediaTimeout)
        assert event.leg is leg
        assert event.silent_s >= 0.1
        phone.send(leg.local)
        assert wait_event(engine, mc.MediaResumed).leg is leg


def test_reports_come_as_often_as_asked_for_and_not_by_themselves(engine):
    leg = engine.leg(mc.RtpParams(report_every_ms=10))
    assert [wait_event(engine, mc.Report).leg for _ in range(3)] == [leg, leg, leg]
    leg.update(mc.RtpParams())
    engine.poll_events()
    assert list(engine.events(timeout_s=0.05)) == []


def test_events_can_be_waited_for_with_select(engine):
    import select

    poller = select.poll()
    poller.register(engine.fileno(), select.POLLIN)
    assert poller.poll(0) == []
    engine.leg(mc.RtpParams(report_every_ms=10))
    assert poller.poll(10_000)
    assert engine.poll_events()
    assert engine.leg_stats()


def test_ipv6_works_where_the_machine_has_it(ports):
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return  # this machine has no IPv6: there is nothing to see
    with mc.Engine(address="::1", ports=ports) as engine, mc.Engine(address="::1", ports=port_range(10)) as phones:
        phone, leg = connect(phones, engine)
        wait_event(engine, mc.Latched)
        assert leg.stats().remote == phone.local


@pytest.mark.parametrize(
    "wrong",
    [
        {"remote": "127.0.0.1"},
        {"remote": "phone.example:4000"},
        {"codecs": ["PCMU"]},
        {"codecs": ["200 PCMU/8000"]},
        {"direction": "both"},
        {"media_timeout_s": -1.0},
        {"signalling_address": "nowhere"},
    ],
)
def test_nonsense_is_refused_and_leaves_no_leg(engine, wrong):
    with pytest.raises(ValueError, match=r".+"):
        engine.leg(mc.RtpParams(**wrong))
    assert is_nothing_left(engine)


@pytest.mark.parametrize("ports", [range(10), range(10, 10), range(1, 100, 2), range(65_000, 70_000)])
def test_a_range_that_is_none_is_refused(ports):
    with pytest.raises(ValueError, match="port range"):
        mc.Engine(ports=ports)
