"""What is no good is answered where there is a way back, dropped and counted where not; nothing is ever raised."""

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.sip.message import Response
from pbx.sip.stack import RequestReceived
from tests.support.sip_corpus import rfc4475, rfc5118, seeds
from tests.support.sip_messages import answer, sip_request
from tests.support.sip_table import Table

FUZZ_RUNS = int(os.environ.get("FUZZ_RUNS", "5000"))


def with_header(message, name: str, value: str | None) -> bytes:
    """The message with one header replaced, or removed."""
    if value is None:
        message.headers.remove(name)
    else:
        message.headers.set(name, value)
    return message.encode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("From", '"Alice <sip:alice@example.org>;tag=1'),
        ("To", "no address at all,"),
        ("CSeq", "4294967296 OPTIONS"),
        ("CSeq", "1 INVITE"),
        ("Call-ID", "two words"),
    ],
)
def test_a_header_that_cannot_be_read_is_answered_400_and_named(name, value):
    table = Table()
    assert table.receive(with_header(sip_request("OPTIONS"), name, value)) == []
    (response,) = table.take()
    assert response.status == 400
    assert name in response.reason
    assert response.headers.first("Call-ID")
    assert table.stack.stats().answered_bad == 1
    assert table.stack.stats().transactions == 0


def test_the_400_goes_back_the_way_it_came():
    table = Table()
    table.receive(with_header(sip_request("OPTIONS"), "CSeq", "x OPTIONS"))
    ((flow, data),) = table.sent
    assert flow == table.flow
    assert b";received=192.0.2.1;rport=5060\r\n" in data


def test_a_message_of_another_version_is_answered_505():
    table = Table()
    table.receive(sip_request("OPTIONS").encode().replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1))
    assert [response.status for response in table.take()] == [505]


def test_a_request_without_a_via_is_dropped_and_counted():
    table = Table()
    assert table.receive(with_header(sip_request("OPTIONS"), "Via", None)) == []
    assert table.sent == []
    assert table.stack.stats().dropped == {"malformed request without a way back": 1}


@pytest.mark.parametrize("name", ["From", "To", "Call-ID", "CSeq"])
def test_a_request_that_lacks_a_header_is_answered_with_what_there_is_to_copy(name):
    table = Table()
    assert table.receive(with_header(sip_request("OPTIONS"), name, None)) == []
    (line,) = table.take_lines()
    assert line.startswith("SIP/2.0 400 ")
    assert name in line


def test_a_via_that_cannot_be_read_is_sent_back_as_it_came_to_where_it_came_from():
    table = Table()
    assert table.receive(sip_request("OPTIONS", via="SIP/2.0/UDP").encode()) == []
    ((flow, data),) = table.sent
    assert flow == table.flow
    assert b"\r\nVia: SIP/2.0/UDP\r\n" in data


@pytest.mark.parametrize("name", ["Via", "From", "To", "CSeq"])
def test_a_malformed_response_is_dropped_and_changes_nothing(name):
    table = Table()
    table.stack.send_request(sip_request("INVITE", via=None), table.flow, 0.0)
    table.events()
    (invite,) = table.take()
    assert table.receive(with_header(answer(invite, 200), name, "?,?")) == []
    assert sum(table.stack.stats().dropped.values()) == 1
    (event,) = table.receive(answer(invite, 200))
    assert event.response.status == 200


def test_a_malformed_ack_is_never_answered():
    table = Table()
    assert table.receive(with_header(sip_request("ACK"), "CSeq", "x ACK")) == []
    assert table.sent == []
    assert table.stack.stats().dropped == {"malformed ACK": 1}


def test_what_is_no_sip_is_dropped_and_counted():
    table = Table()
    assert table.receive(b"GET / HTTP/1.1\r\n\r\n") == []
    assert table.receive(b"\x16\x03\x01\x02\x00") == []
    assert table.sent == []
    assert sum(table.stack.stats().dropped.values()) == 2


def test_nothing_that_the_peer_wrote_breaks_the_line_of_our_answer():
    table = Table()
    table.receive(sip_request("OPTIONS").encode().replace(b"1 OPTIONS", b"\xff\r evil: \x85 yes OPTIONS"))
    for response in table.take():
        assert isinstance(response, Response)
        assert "evil" not in response.headers


# -- the corpora, and what becomes of them -----------------------------------------------------------------------------


@pytest.mark.parametrize("torture", rfc4475() + rfc5118(), ids=lambda torture: torture.name)
def test_a_torture_message_is_shown_or_answered_or_dropped_and_counted(torture):
    table = Table()
    events = table.receive(torture.data)
    stats = table.stack.stats()
    outcomes = (len(events), stats.answered_bad, sum(stats.dropped.values()), len(table.sent))
    assert outcomes in {(1, 0, 0, 0), (0, 1, 0, 1), (0, 0, 1, 0)}
    for line in table.take_lines():
        assert line.split()[1] in ("400", "413", "416", "505")
    if torture.verdict == "valid" and events:
        assert isinstance(events[0], RequestReceived)


@given(st.binary(max_size=300))
def test_any_bytes_at_all_raise_nothing(data):
    table = Table()
    table.receive(data)
    table.advance(100.0)
    assert table.stack.stats().transactions == 0 or any(isinstance(event, RequestReceived) for event in table.events())


def test_mutated_messages_raise_nothing_and_every_answer_is_a_message():
    chance = random.Random(20_240_517)
    messages = seeds()
    table = Table(transactions_max=50)
    for _ in range(FUZZ_RUNS):
        data = bytearray(chance.choice(messages))
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randint(1, 20)]
                case 2:
                    data[at:at] = chance.choice((b"\r\n", b";", b",", b"<", b'"', b" ", b"\0", b"z9hG4bK"))
                case _:
                    data[at:at] = data[chance.randrange(len(data)) :][:40]
            data = data or bytearray(b"x")
        for event in table.receive(bytes(data)):
            if isinstance(event, RequestReceived) and event.transaction is not None and chance.random() < 0.8:
                table.respond(event.transaction, event.request.response(chance.choice((180, 200, 404))))
        for line in table.take_lines():
            assert line.startswith("SIP/2.0 ")
        if chance.random() < 0.2:
            table.advance(table.now + chance.random() * 20)
    table.advance(table.now + 1000)
    waiting = {state.machine.request.method for state in table.stack._servers._live.values()}
    assert waiting <= {"INVITE"}  # rung and never answered by this test
