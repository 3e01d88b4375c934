"""Keepalives are answered before the parser: CRLF, NUL, STUN (RFC 5626, RFC 5769's vectors)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.sip.flow import Flow
from pbx.sip.keepalive import answer_keepalive, is_keepalive
from tests.support.sip_messages import BOB
from tests.support.sip_table import TO_ALICE, TO_ALICE_BY_TCP, Table

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
BINDING_REQUEST = bytes.fromhex("000100002112a442") + TRANSACTION


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n", b"\0\0\0\0", b"\0", b" ", b"\r\n\r\n\r\n\r\n"])
def test_empty_datagrams_are_counted_and_not_answered(data):
    table = Table()
    assert table.receive(data) == []
    assert table.sent == []
    assert table.stack.stats().keepalives == 1
    assert table.stack.stats().messages_received == 0


def test_a_ping_on_a_stream_gets_its_pong():
    table = Table()
    table.receive(b"\r\n\r\n", flow=TO_ALICE_BY_TCP)
    assert table.sent == [(TO_ALICE_BY_TCP, b"\r\n")]


def test_a_pong_on_a_stream_gets_nothing():
    table = Table()
    table.receive(b"\r\n", flow=TO_ALICE_BY_TCP)
    assert table.sent == []


# The mapped addresses and the transaction of RFC 5769 2.2 and 2.3.
@pytest.mark.parametrize(
    ("source", "attribute"),
    [
        (("192.0.2.1", 32_853), "002000080001a147e112a643"),
        (("2001:db8:1234:5678:11:2233:4455:6677", 32_853), "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"),
    ],
)
def test_a_binding_request_is_told_where_it_came_from(source, attribute):
    table = Table()
    flow = Flow("udp", BOB, source)
    table.receive(BINDING_REQUEST, flow=flow)
    value = bytes.fromhex(attribute)
    header = bytes.fromhex("0101") + len(value).to_bytes(2, "big") + bytes.fromhex("2112a442") + TRANSACTION
    assert table.sent == [(flow, header + value)]


def test_attributes_that_may_be_ignored_are_ignored():
    software = bytes.fromhex("80220003") + b"abc\0"
    request = bytes.fromhex("000100082112a442") + TRANSACTION + software
    assert answer_keepalive(TO_ALICE, request)[:2] == b"\x01\x01"


def test_an_attribute_that_must_be_understood_is_refused_with_its_number():
    change_request = bytes.fromhex("00030004") + bytes(4)
    request = bytes.fromhex("000100082112a442") + TRANSACTION + change_request
    refusal = answer_keepalive(TO_ALICE, request)
    assert refusal[:2] == b"\x01\x11"
    assert refusal[20:28] == bytes.fromhex("0009001800000414")
    assert refusal[-8:] == bytes.fromhex("000a000200030000")
    assert len(refusal) == 20 + int.from_bytes(refusal[2:4], "big")


@pytest.mark.parametrize(
    "data",
    [
        BINDING_REQUEST[:19],
        BINDING_REQUEST + b"\0",  # a length that is not what came
        bytes.fromhex("0001000021120000") + TRANSACTION,  # no cookie
        bytes.fromhex("010100002112a442") + TRANSACTION,  # a response
        bytes.fromhex("001100002112a442") + TRANSACTION,  # an indication
    ],
)
def test_other_stun_is_not_answered(data):
    assert is_keepalive(data)
    assert answer_keepalive(TO_ALICE, data) is None


@given(st.binary(max_size=64).map(lambda rest: b"\0\1" + rest))
def test_any_bytes_that_begin_as_stun_crash_nothing(data):
    assert is_keepalive(data)
    answer_keepalive(TO_ALICE, data)


@given(st.binary(max_size=40).filter(lambda rest: len(rest) % 4 == 0))
def test_any_attributes_crash_nothing(attributes):
    request = b"\0\1" + len(attributes).to_bytes(2, "big") + BINDING_REQUEST[4:] + attributes
    response = answer_keepalive(TO_ALICE, request)
    assert len(response) == 20 + int.from_bytes(response[2:4], "big")
