"""What a leg's packets look like on the network: from which address, with which mark, on which ports."""

import socket

import pytest

import mediacore as mc

IPV6_RECVTCLASS = getattr(socket, "IPV6_RECVTCLASS", 66)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


FAMILIES = {"127.0.0.1": (socket.AF_INET, socket.IPPROTO_IP, socket.IP_RECVTOS)}
if has_ipv6():
    FAMILIES["::1"] = (socket.AF_INET6, socket.IPPROTO_IPV6, IPV6_RECVTCLASS)


@pytest.fixture(params=sorted(FAMILIES))
def peer(request):
    """Somebody who sees the mark of what comes."""
    family, level, option = FAMILIES[request.param]
    with socket.socket(family, socket.SOCK_DGRAM) as peer:
        peer.bind((request.param, 0))
        peer.setsockopt(level, option, 1)
        peer.settimeout(10)
        yield peer


def code_point(peer: socket.socket) -> int:
    """Of the next packet that comes."""
    _, ancillary, _, _ = peer.recvmsg(2048, 64)
    ((_, _, octets),) = ancillary
    return octets[0] >> 2


@pytest.mark.parametrize(("options", "wanted"), [({}, 46), ({"dscp": 0}, 0), ({"dscp": 34}, 34)])
def test_packets_are_marked_for_expedited_forwarding_unless_told_otherwise(peer, options, wanted):
    host, port = peer.getsockname()[:2]
    with mc.Engine(address=host, threads=1, **options) as engine:
        engine.leg(mc.RtpParams(remote=(host, port)))
        assert code_point(peer) == wanted


@pytest.mark.parametrize("dscp", [-1, 64])
def test_a_code_point_that_is_none_is_refused(dscp):
    with pytest.raises(ValueError, match=f"dscp={dscp}"):
        mc.Engine(dscp=dscp)


def test_sockets_that_are_handed_in_keep_their_mark(peer):
    host, port = peer.getsockname()[:2]
    with mc.Engine(address=host, threads=1) as engine, socket.socket(peer.family, socket.SOCK_DGRAM) as ours:
        ours.bind((host, 0))
        engine.leg(mc.RtpParams(remote=(host, port), rtcp_mux=True), sockets=(ours, None))
        assert code_point(peer) == 0


def test_an_engine_sends_from_its_own_address_and_several_share_a_port_range():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(10)
        for address in ("127.0.0.2", "127.0.0.3"):
            with mc.Engine(address=address, ports=range(26_000, 26_002), threads=1) as engine:
                leg = engine.leg(mc.RtpParams(remote=peer.getsockname()))
                assert leg.local == (address, 26_000)
                sent_from = {peer.recvfrom(2048)[1] for _ in range(3)}
                assert sent_from == {(address, 26_000)}


def test_behind_a_nat_our_sdp_names_the_address_that_the_world_sees():
    with mc.Engine(advertised="203.0.113.5", threads=1) as engine, engine.leg() as leg:
        offered = mc.sdp.parse(leg.offer)
        media = offered.media[0]
        connection = mc.sdp.connection(offered, media)
        assert (str(connection.ip), media.port) == ("203.0.113.5", leg.local[1])
        assert leg.local[0] == "127.0.0.1"


def test_rtcp_has_the_port_above_unless_it_is_multiplexed():
    with mc.Engine(threads=1) as engine:
        pair, shared = engine.leg(), engine.leg(mc.RtpParams(rtcp_mux=True))
        assert pair.local[1] % 2 == 0
        assert pair.local_rtcp == (pair.local[0], pair.local[1] + 1)
        assert shared.local_rtcp == shared.local
        assert engine.stats().sockets == 3
