"""The UDP socket over real loopback: whole, bounded, and never an exception for what the network does."""

import errno
import socket

import pytest
import trio

from pbx.transport.udp import DRAIN_MAX, UdpSocket


@pytest.fixture
def udp():
    opened = UdpSocket.bind("127.0.0.1", 0)
    yield opened
    opened.close()


@pytest.fixture
def peer():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock


async def test_what_waits_comes_with_its_source_in_order(udp, peer):
    for i in range(3):
        peer.sendto(b"%d" % i, udp.local)
    await udp.wait_readable()
    assert list(udp.drain()) == [(b"%d" % i, peer.getsockname()) for i in range(3)]
    assert list(udp.drain()) == []


async def test_one_drain_takes_no_more_than_its_share_and_the_rest_waits(udp, peer):
    for _ in range(DRAIN_MAX + 10):
        peer.sendto(b"x", udp.local)
    await udp.wait_readable()
    assert len(list(udp.drain())) == DRAIN_MAX
    await udp.wait_readable()
    assert len(list(udp.drain())) == 10


async def test_the_largest_datagram_comes_whole_and_an_empty_one_is_one(udp, peer):
    largest = bytes(65_507)
    peer.sendto(largest, udp.local)
    peer.sendto(b"", udp.local)
    await udp.wait_readable()
    assert [data for data, _ in udp.drain()] == [largest, b""]


async def test_a_datagram_that_is_too_large_is_counted_and_not_raised(udp, peer):
    udp.send(bytes(65_508), peer.getsockname())
    udp.send(b"fits", peer.getsockname())
    assert udp.send_failures == 1
    assert peer.recv(100) == b"fits"


async def test_a_port_that_nobody_has_is_an_icmp_error_that_is_counted(udp):
    # Only a connected socket is told; a socket may be handed in like that.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        nobody = gone.getsockname()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(nobody)
    connected = UdpSocket(sock)
    connected.send(b"x", nobody)
    with trio.fail_after(5):
        await connected.wait_readable()
    assert list(connected.drain()) == []
    assert connected.receive_failures == 1
    connected.close()


async def test_any_error_of_the_kernel_is_counted_and_what_follows_is_read(udp, peer, monkeypatch):
    class Failing:
        def __init__(self, sock):
            self.sock, self.errors = sock, [OSError(errno.EHOSTUNREACH, ""), OSError(errno.ENOBUFS, "")]

        def recvfrom(self, size):
            if self.errors:
                raise self.errors.pop()
            return self.sock.recvfrom(size)

    peer.sendto(b"x", udp.local)
    await udp.wait_readable()
    monkeypatch.setattr(udp, "_socket", Failing(udp._socket))
    assert [data for data, _ in udp.drain()] == [b"x"]
    assert udp.receive_failures == 2
    monkeypatch.undo()


def test_a_port_that_is_taken_is_an_error_and_leaves_no_socket(udp):
    with pytest.raises(OSError, match="in use"):
        UdpSocket.bind(*udp.local)


async def test_an_ipv6_socket_gives_plain_addresses_and_leaves_ipv4_alone():
    one, other = UdpSocket.bind("::1", 0), UdpSocket.bind("::", 0)
    one.send(b"x", ("::1", other.local[1]))
    await other.wait_readable()
    assert list(other.drain()) == [(b"x", one.local)]
    v4 = UdpSocket.bind("127.0.0.1", other.local[1])
    for opened in (one, other, v4):
        opened.close()
