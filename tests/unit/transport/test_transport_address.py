"""Which address a peer sees: the kernel's answer where the socket is bound to all, remembered only if it was one."""

import socket

import pytest

from pbx.transport import address
from pbx.transport.address import is_ip_address, local_address_towards


@pytest.fixture(autouse=True)
def forgotten():
    address._routed_address.cache_clear()
    yield
    address._routed_address.cache_clear()


def test_a_bound_address_is_what_everybody_sees():
    assert local_address_towards("203.0.113.1", bound="192.0.2.10") == "192.0.2.10"


def test_loopback_is_seen_from_loopback():
    assert local_address_towards("127.0.0.1", bound="0.0.0.0") == "127.0.0.1"


@pytest.mark.parametrize(
    ("remote", "bound", "loopback"), [("203.0.113.1", "0.0.0.0", "127.0.0.1"), ("2001:db8::1", "::", "::1")]
)
def test_where_there_is_no_route_it_is_loopback_until_there_is_one(monkeypatch, remote, bound, loopback):
    class NoRoute(socket.socket):
        def connect(self, where):
            raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(address.socket, "socket", NoRoute)
    assert local_address_towards(remote, bound=bound) == loopback
    assert address._routed_address.cache_info().currsize == 0


def test_want_of_descriptors_is_survived(monkeypatch):
    def exhausted(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(address.socket, "socket", exhausted)
    assert local_address_towards("203.0.113.1", bound="0.0.0.0") == "127.0.0.1"


def test_an_answer_is_remembered():
    local_address_towards("127.0.0.1", bound="0.0.0.0")
    local_address_towards("127.0.0.1", bound="0.0.0.0")
    assert address._routed_address.cache_info().hits == 1


@pytest.mark.parametrize(
    ("host", "is_one"),
    [("192.0.2.1", True), ("::1", True), ("[::1]", True), ("example.com", False), ("", False), ("1.2.3", False)],
)
def test_an_address_is_told_from_a_name(host, is_one):
    assert is_ip_address(host) == is_one
