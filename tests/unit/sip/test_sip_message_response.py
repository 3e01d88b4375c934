"""Responses to requests (RFC 3261 8.2.6), and messages as bytes."""

from __future__ import annotations

import pytest

from pbx.sip.errors import BadMessage, LocalProtocolError
from pbx.sip.message import REASONS, Headers, Request, Response
from pbx.sip.parse import parse_message


def invite(*extra: tuple[str, str], to: str = "<sip:102@example.com>") -> Request:
    fields = [
        ("Via", "SIP/2.0/UDP edge.example.com;branch=z9hG4bK2"),
        ("Via", "SIP/2.0/UDP 192.0.2.101;branch=z9hG4bK1"),
        ("Max-Forwards", "69"),
        ("From", '"Alice" <sip:101@example.com>;tag=a1'),
        ("To", to),
        ("Call-ID", "c1"),
        ("CSeq", "1 INVITE"),
        ("Record-Route", "<sip:edge.example.com;lr>"),
        ("Timestamp", "54"),
        ("Contact", "<sip:101@192.0.2.101>"),
        *extra,
    ]
    return Request("INVITE", "sip:102@example.com", Headers(fields), b"v=0\r\n")


def names(response: Response) -> list[str]:
    return [name for name, _ in response.headers.items()]


def test_a_response_copies_what_its_request_had() -> None:
    response = invite().response(486, to_tag="b1")
    assert list(response.headers.items()) == [
        ("Via", "SIP/2.0/UDP edge.example.com;branch=z9hG4bK2"),
        ("Via", "SIP/2.0/UDP 192.0.2.101;branch=z9hG4bK1"),
        ("From", '"Alice" <sip:101@example.com>;tag=a1'),
        ("To", "<sip:102@example.com>;tag=b1"),
        ("Call-ID", "c1"),
        ("CSeq", "1 INVITE"),
    ]
    assert (response.status, response.reason, response.body) == (486, "Busy Here", b"")


@pytest.mark.parametrize(("status", "routed"), [(100, False), (180, True), (200, True), (302, False), (486, False)])
def test_record_route_goes_into_what_can_make_a_dialog(status: int, routed: bool) -> None:
    assert ("Record-Route" in names(invite().response(status))) is routed


def test_a_trying_copies_the_timestamp_and_others_do_not() -> None:
    assert invite().response(100).headers.first("Timestamp") == "54"
    assert "Timestamp" not in names(invite().response(180))


def test_a_to_that_has_a_tag_keeps_it() -> None:
    assert invite(to="<sip:102@example.com>;tag=old").response(200, to_tag="new").to.tag == "old"


@pytest.mark.parametrize(
    "to", ["sip:102@example.com", "sip:102@example.com;x=y", '"tag=" <sip:102@example.com;tag=no>']
)
def test_a_tag_becomes_the_headers_parameter(to: str) -> None:
    assert invite(to=to).response(200, to_tag="new").to.tag == "new"


def test_a_to_that_cannot_be_read_comes_back_as_it_was_with_a_tag_behind() -> None:
    assert invite(to='"Mr. J. <sip:j@example.com>').response(400, to_tag="b1").headers.first("To") == (
        '"Mr. J. <sip:j@example.com>;tag=b1'
    )


def test_headers_and_a_body_can_be_added() -> None:
    response = invite().response(
        200,
        "Fine",
        to_tag="b1",
        headers=[("Contact", "<sip:pbx@192.0.2.1>")],
        body=b"v=0",
        content_type="application/sdp",
    )
    assert response.reason == "Fine"
    assert response.contacts[0].uri == "sip:pbx@192.0.2.1"
    assert (response.content_type, response.body) == ("application/sdp", b"v=0")


def test_a_request_that_lacks_headers_is_answered_with_those_it_has() -> None:
    request = Request("INVITE", "sip:x", Headers([("Via", "SIP/2.0/UDP a"), ("CSeq", "1 INVITE")]))
    assert names(request.response(400, to_tag="b1")) == ["Via", "CSeq"]


def test_a_response_does_not_change_its_request() -> None:
    request = invite()
    before = request.encode()
    request.response(200, to_tag="b1").headers.set("Via", "other")
    assert request.encode() == before


def test_the_content_length_is_the_bodys_whatever_the_header_said() -> None:
    request = invite(("l", "999"))
    assert request.encode().endswith(b"Content-Length: 5\r\n\r\nv=0\r\n")
    assert request.encode().count(b"Content-Length") == 1
    assert request.headers.first("Content-Length") == "999"


def test_every_reason_can_be_sent() -> None:
    for status, reason in REASONS.items():
        parsed = parse_message(invite().response(status).encode())
        assert isinstance(parsed, Response)
        assert (parsed.status, parsed.reason) == (status, reason)


@pytest.mark.parametrize(
    "message",
    [
        Request("OPTIONS\r\nX: y", "sip:x"),
        Request("OPTIONS", "sip:x SIP/2.0\r\nX: y\r\n"),
        Response(200, "OK\nX: y"),
    ],
)
def test_a_line_break_in_a_start_line_is_our_own_fault(message: Request | Response) -> None:
    with pytest.raises(LocalProtocolError, match="line break"):
        message.encode()


def test_a_request_uri_that_is_no_sip_uri_says_so_with_its_request() -> None:
    request = Request("INVITE", "tel:+15551212")
    with pytest.raises(BadMessage, match="Request-URI") as caught:
        _ = request.sip_uri
    assert (caught.value.status_hint, caught.value.message) == (416, request)


def test_a_message_shows_itself_shortly() -> None:
    assert repr(invite()) == "<Request INVITE sip:102@example.com>"
    assert repr(invite().response(200)) == "<Response 200 OK>"
    assert repr(Headers([("t", "x")])) == "Headers([('To', 'x')])"
