"""The scanner: where a message's parts lie, what it says of those that break the grammar, and its limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.sip._scan import HEADERS_MAX, SIZE_MAX, scan
from pbx.sip.errors import BadMessage
from pbx.sip.header_names import COMPACT, KNOWN
from pbx.sip.message import Headers, Request, Response
from pbx.sip.parse import parse_message

MANDATORY = (
    b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
    b"From: <sip:a@example.com>;tag=1\r\n"
    b"To: <sip:b@example.com>\r\n"
    b"Call-ID: c\r\n"
    b"CSeq: 1 OPTIONS\r\n"
)


def options(*lines: bytes, start: bytes = b"OPTIONS sip:b@example.com SIP/2.0", body: bytes = b"") -> bytes:
    return b"".join([start, b"\r\n", MANDATORY, *(line + b"\r\n" for line in lines), b"\r\n", body])


def refused(data: bytes, *, stream: bool = False) -> BadMessage:
    with pytest.raises(BadMessage) as caught:
        parse_message(data, stream=stream)
    return caught.value


def test_a_request_has_its_parts() -> None:
    request = parse_message(options(b"Content-Length: 4", body=b"body and noise"))
    assert isinstance(request, Request)
    assert (request.method, request.uri, request.body) == ("OPTIONS", "sip:b@example.com", b"body")


def test_a_response_has_its_parts() -> None:
    response = parse_message(options(start=b"SIP/2.0 480 Not at home", body=b"x"))
    assert isinstance(response, Response)
    assert (response.status, response.reason, response.body) == (480, "Not at home", b"x")


@pytest.mark.parametrize("start", [b"sip/2.0 200 OK", b"SIP/2.0 200", b"SIP/2.0 200 "])
def test_a_status_line_may_be_odd_but_clear(start: bytes) -> None:
    response = parse_message(options(start=start))
    assert isinstance(response, Response)
    assert response.status == 200


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_header_is_found_whatever_its_case(name: str) -> None:
    value = b"7" if name == "Content-Length" else b"value"
    for spelled in (name, name.lower(), name.upper(), name.swapcase()):
        data = b"OPTIONS sip:b SIP/2.0\r\n" + spelled.encode() + b": " + value + b"\r\n\r\n"
        assert list(Headers.scanned(scan(data)).items()) == [(name, value.decode())]


@pytest.mark.parametrize(("compact", "name"), COMPACT.items())
def test_a_compact_form_is_its_long_name(compact: str, name: str) -> None:
    value = b"7" if name == "Content-Length" else b"value"
    for spelled in (compact, compact.upper()):
        data = b"OPTIONS sip:b SIP/2.0\r\n" + spelled.encode() + b": " + value + b"\r\n\r\n"
        assert Headers.scanned(scan(data)).first(name) == value.decode()


@given(st.sampled_from(KNOWN), st.integers(0, 30), st.sampled_from("abcdefghijklmnopqrstuvwxyz-!"))
def test_a_name_that_is_nearly_known_is_another(name: str, place: int, letter: str) -> None:
    place %= len(name)
    nearly = name[:place] + letter + name[place + 1 :]
    scanned = Headers.scanned(scan(f"OPTIONS sip:b SIP/2.0\r\n{nearly}: value\r\n\r\n".encode()))
    assert (scanned.first(name) is not None) == (nearly.lower() == name.lower())


def test_an_unknown_header_keeps_its_spelling_and_is_found_in_any() -> None:
    message = parse_message(options(b"X-Phone_Model: 5"))
    assert ("X-Phone_Model", "5") in list(message.headers.items())
    assert message.headers.first("x-phone_model") == "5"
    assert message.headers.first("X-Phone") is None


def test_a_folded_value_is_one_line_with_single_spaces() -> None:
    message = parse_message(options(b"Subject: one\r\n \t two  \r\n\tthree", b"X: y"))
    assert message.headers.first("Subject") == "one two three"
    assert message.headers.first("X") == "y"


@pytest.mark.parametrize("line", [b"Subject:", b"Subject :  ", b"Subject\t:\r\n ", b"Subject:\r\n \r\n\t"])
def test_an_empty_value_is_empty_text(line: bytes) -> None:
    assert parse_message(options(line)).headers.first("Subject") == ""


def test_octets_that_are_no_utf8_survive() -> None:
    message = parse_message(options(b"Subject: caf\xe9"))
    assert b"Subject: caf\xe9\r\n" in message.encode()


def test_line_ends_before_the_start_line_are_ignored() -> None:
    assert parse_message(b"\r\n\r\n" + options()).call_id == "c"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (options(b"no colon here"), "without a name and colon"),
        (options(b": no name"), "without a name and colon"),
        (options(b"a b: c"), "without a name and colon"),
        (options(b"Subject: a\rb"), "CR without LF"),
        (options(b"Content-Length: five"), "Content-Length is no number"),
        (options(b"Content-Length: -1"), "Content-Length is no number"),
        (options(b"Content-Length: +1"), "Content-Length is no number"),
        (options(b"Content-Length:"), "Content-Length is empty"),
        (options(b"Content-Length: \r\n 0"), "Content-Length is folded"),
        (options(b"Content-Length: 1"), "Content-Length is 1 and the body 0 octets"),
        (options(b"Content-Length: 99999999999999999999999999"), "Content-Length is 1000000000 and"),
        (options(b"l: 0", b"Content-Length: 0"), "more than one Content-Length"),
        (options(b"i: d"), "more than one Call-ID"),
        (options(b"Max-Forwards: 1", b"Max-Forwards: 1"), "more than one Max-Forwards"),
        (options()[:-2], "no empty line"),
        (options()[:-4], "the last header line has no end"),
        (options().replace(b"To:", b"X-To:").replace(b"Call-ID", b"X-Call-ID"), "no To, Call-ID"),
        (b"OPTIONS sip:b SIP/2.0\r\n folded: at once\r\n\r\n", "the first header line is a continuation"),
        (options(*[b"X: y"] * (HEADERS_MAX - 4)), "more than 256 headers"),
        (options(start=b"OPTIONS  sip:b@example.com SIP/2.0"), "other than single spaces"),
        (options(start=b"OPTIONS\tsip:b@example.com SIP/2.0"), "other than single spaces"),
        (options(start=b"OPTIONS sip:b@example.com SIP/2.0 "), "other than single spaces"),
        (options(start=b"OPTIONS sip:b@exam\x7fple.com SIP/2.0"), "Request-URI is no URI"),
        (options(start=b"OPTIONS 102 SIP/2.0"), "Request-URI is no URI"),
        (options(start=b"OPTIONS sip: SIP/2.0"), "Request-URI is no URI"),
        (options(start=b"OPTIONS 4sip:x SIP/2.0"), "Request-URI is no URI"),
        (options(start=b"OPTIONS sip:b SIP/2"), "bad SIP version"),
        (options(start=b"OPTIONS sip:b SIP/two.0"), "bad SIP version"),
    ],
)
def test_a_broken_request_says_what_is_wrong_and_can_be_answered(data: bytes, reason: str) -> None:
    bad = refused(data)
    assert reason in bad.reason
    assert bad.status_hint == 400
    assert isinstance(bad.message, Request)
    assert bad.message.method == "OPTIONS"


@pytest.mark.parametrize("version", [b"SIP/3.0", b"SIP/2.1", b"SIP/22.0", b"sip/1.0"])
def test_another_version_is_505(version: bytes) -> None:
    bad = refused(options(start=b"OPTIONS sip:b@example.com " + version))
    assert bad.status_hint == 505
    assert isinstance(bad.message, Request)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"\x00\x01\x00\x00\x21\x12\xa4\x42",
        b"OPTIONS sip:b SIP/2.0",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"OPTIONS sip:b\r\n" + MANDATORY + b"\r\n",
        b"OPTIONS SIP/2.0\r\n",
        b"OPT\rIONS sip:b SIP/2.0\r\n\r\n",
        b"SIP/2.0\r\n\r\n",
        b"SIP/2.0 99 Low\r\n\r\n",
        b"SIP/2.0 700 High\r\n\r\n",
        b"SIP/2.0 2000 Long\r\n\r\n",
        b"SIP/2.0  200 OK\r\n\r\n",
        b"SIP/3.0 200 OK\r\n\r\n",
    ],
)
def test_what_is_no_sip_cannot_be_answered(data: bytes) -> None:
    assert refused(data).message is None or data.startswith(b"OPTIONS SIP")


def test_the_first_fault_is_the_one_that_is_told() -> None:
    bad = refused(options(b"no colon", b"Content-Length: five", start=b"OPTIONS sip:b@example.com SIP/9.0"))
    assert bad.status_hint == 505


def test_a_datagram_without_its_empty_line_passes_only_if_it_has_no_body() -> None:
    whole = options(b"Content-Length: 0")
    assert parse_message(whole[:-2]).call_id == "c"
    assert "no empty line" in refused(options(b"Content-Length: 3")[:-2]).reason
    assert "no empty line" in refused(whole[:-2], stream=True).reason


def test_a_stream_message_must_say_its_length() -> None:
    assert "no Content-Length on a stream" in refused(options(body=b"x"), stream=True).reason
    assert parse_message(options(b"l: 1", body=b"x"), stream=True).body == b"x"


def test_a_message_may_be_as_long_as_a_datagram_and_no_longer() -> None:
    room = SIZE_MAX - len(options())
    assert len(parse_message(options(body=b"x" * room)).body) == room
    bad = refused(options(body=b"x" * (room + 1)))
    assert (bad.status_hint, bad.message) == (513, None)


def test_as_many_headers_as_the_limit_says_are_read() -> None:
    message = parse_message(options(*[b"X: y"] * (HEADERS_MAX - 5)))
    assert len(list(message.headers.items())) == HEADERS_MAX


@given(st.binary(max_size=300))
def test_any_octets_at_all_are_scanned(data: bytes) -> None:
    scanned = scan(data)
    assert scanned.fault is None or scanned.status_hint in (400, 505, 513)
    headers = Headers.scanned(scanned)
    for name, value in headers.items():
        assert value in headers.all(name)
        assert not set("\r\n") & set(name + value)


STARTS = [b"OPTIONS sip:b SIP/2.0", b"SIP/2.0 200 OK", b"", b"x"]
LINES = st.sampled_from([*STARTS, b" x", b"a:b", b"l: 3", b"l:\r\n 3", b"\r", b"v: a", b"t:a\rb", b" a\rb", b"to:\r"])


@given(st.lists(st.tuples(LINES, st.sampled_from([b"\r\n", b"\n", b"\r", b""])), max_size=12))
def test_any_arrangement_of_lines_is_scanned_and_no_value_has_a_line_end(lines: list[tuple[bytes, bytes]]) -> None:
    data = b"".join(line + end for line, end in lines)
    scanned = scan(data)
    assert scanned.head_length <= len(data)
    assert len(scanned.body) <= len(data) - scanned.head_length
    assert not any(set("\r\n") & set(name + value) for name, value in Headers.scanned(scanned).items())
