"""Messages out of a stream: whole, octet by octet, with the next one behind them, and what breaks a stream for good."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.sip._scan import SIZE_MAX
from pbx.sip.errors import BadMessage, LocalProtocolError
from pbx.sip.framing import StreamFramer
from pbx.sip.message import Headers, Request, Response
from pbx.sip.parse import parse_message
from tests.support.sip_corpus import CORPUS, rfc4475

EVERYDAY = [path.read_bytes() for path in sorted((CORPUS / "sip_seeds").glob("*.sip"))]
INVITE = (CORPUS / "sip_seeds" / "invite.sip").read_bytes()
BYE = (CORPUS / "sip_seeds" / "bye.sip").read_bytes()
TORTURE = {torture.name: torture.data for torture in rfc4475()}


def drain(framer: StreamFramer) -> list[Request | Response]:
    messages = []
    while (message := framer.next_message()) is not None:
        messages.append(message)
    return messages


def read_in_pieces(pieces: list[bytes]) -> list[bytes]:
    framer = StreamFramer()
    messages = []
    for piece in pieces:
        framer.feed(piece)
        messages += drain(framer)
    assert not framer.is_broken
    return [message.encode() for message in messages]


def rewritten(messages: list[bytes]) -> list[bytes]:
    return [parse_message(message).encode() for message in messages]


@pytest.mark.parametrize("message", EVERYDAY)
def test_a_message_is_read_whole(message: bytes) -> None:
    assert read_in_pieces([message]) == rewritten([message])


@pytest.mark.parametrize("message", EVERYDAY)
def test_a_message_is_read_octet_by_octet(message: bytes) -> None:
    assert read_in_pieces([bytes([octet]) for octet in message]) == rewritten([message])


def test_messages_one_behind_the_other_are_read_in_order() -> None:
    assert read_in_pieces([b"".join(EVERYDAY)]) == rewritten(EVERYDAY)
    assert read_in_pieces([b"\r\n".join(EVERYDAY)]) == rewritten(EVERYDAY)


@given(st.lists(st.sampled_from(EVERYDAY), max_size=4), st.lists(st.integers(0, 4000), max_size=8))
def test_it_does_not_matter_how_a_stream_is_cut(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(messages)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[start:end] for start, end in pairwise(places)]
    assert read_in_pieces(pieces) == rewritten(messages)


def test_nothing_comes_before_the_last_octet() -> None:
    framer = StreamFramer()
    framer.feed(INVITE[:-1])
    assert framer.next_message() is None
    framer.feed(INVITE[-1:] + BYE[:1])
    assert isinstance(framer.next_message(), Request)
    assert framer.next_message() is None


@pytest.mark.parametrize(
    "pieces", [[b"\r\n\r\n"], [b"\r\n", b"\r\n"], [b"\r", b"\n", b"\r", b"\n"], [b"\r\n\r", b"\n"]]
)
def test_a_ping_is_counted_however_it_was_cut(pieces: list[bytes]) -> None:
    framer = StreamFramer()
    for piece in pieces:
        assert framer.take_pings() == 0
        framer.feed(piece)
        assert framer.next_message() is None
    assert framer.take_pings() == 1
    assert framer.take_pings() == 0
    framer.feed(BYE)
    assert framer.next_message() is not None


def test_pings_between_messages_are_counted_and_a_single_line_end_is_not() -> None:
    framer = StreamFramer()
    framer.feed(BYE + b"\r\n\r\n" + BYE + b"\r\n" + BYE + 3 * b"\r\n\r\n")
    assert len(drain(framer)) == 3
    assert framer.take_pings() == 4


def test_a_bad_message_with_a_good_length_does_not_stop_the_stream() -> None:
    framer = StreamFramer()
    framer.feed(TORTURE["lwsstart"] + TORTURE["badvers"] + BYE)
    for expected in (400, 505):
        with pytest.raises(BadMessage) as caught:
            framer.next_message()
        assert caught.value.status_hint == expected
        assert isinstance(caught.value.message, Request)
    assert not framer.is_broken
    assert framer.next_message() is not None


@pytest.mark.parametrize("name", ["ncl", "mcl01", "inv2543"])
def test_a_message_whose_length_is_unknown_breaks_the_stream_but_can_be_answered(name: str) -> None:
    framer = StreamFramer()
    framer.feed(TORTURE[name] + BYE)
    with pytest.raises(BadMessage, match="Content-Length") as caught:
        framer.next_message()
    assert isinstance(caught.value.message, Request)
    assert framer.is_broken
    assert framer.next_message() is None
    with pytest.raises(LocalProtocolError):
        framer.feed(BYE)


def test_a_message_longer_than_it_is_long_just_waits() -> None:
    framer = StreamFramer()
    framer.feed(TORTURE["clerr"])
    assert framer.next_message() is None
    assert not framer.is_broken


def test_what_follows_the_body_is_the_next_message() -> None:
    framer = StreamFramer()
    framer.feed(TORTURE["dblreq"])
    messages = [framer.next_message(), framer.next_message()]
    assert [message.start_line().split()[0] for message in messages if message] == ["REGISTER", "INVITE"]


@pytest.mark.parametrize("data", [b"x" * (SIZE_MAX + 1), b"OPTIONS sip:x SIP/2.0\r\n" + b"X: y\r\n" * 20_000])
def test_a_head_without_an_end_breaks_the_stream_at_the_limit(data: bytes) -> None:
    framer = StreamFramer()
    framer.feed(data[:SIZE_MAX])
    assert framer.next_message() is None
    framer.feed(data[SIZE_MAX:])
    with pytest.raises(BadMessage, match="no end of the headers"):
        framer.next_message()
    assert framer.is_broken


def test_a_body_beyond_the_limit_breaks_the_stream_with_513() -> None:
    framer = StreamFramer()
    framer.feed(b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 65536\r\n\r\n")
    with pytest.raises(BadMessage, match="more than 65535") as caught:
        framer.next_message()
    assert caught.value.status_hint == 513
    assert isinstance(caught.value.message, Request)


def test_a_body_with_empty_lines_is_not_a_head() -> None:
    fields = Headers([("Via", "SIP/2.0/TCP a"), ("From", "sip:a"), ("To", "sip:b"), ("Call-ID", "c"), ("CSeq", "1 X")])
    request = Request("X", "sip:b", fields, b"\r\n\r\n\n\nINVITE sip:x SIP/2.0\r\n\r\n")
    assert read_in_pieces([request.encode() * 2]) == [request.encode()] * 2


@given(
    st.lists(
        st.binary(max_size=40) | st.sampled_from([b"\r\n", b"l: 1\r\n", b"\n\n", b"SIP/2.0 200 OK\r\n", BYE]),
        max_size=12,
    )
)
def test_any_octets_at_all_leave_the_stream_open_or_broken(pieces: list[bytes]) -> None:
    framer = StreamFramer()
    for piece in pieces:
        if framer.is_broken:
            break
        framer.feed(piece)
        for _ in range(len(piece) + 2):
            with suppress(BadMessage):
                if framer.next_message() is None:
                    break
        else:
            pytest.fail("more messages than octets")
