"""What is asked of every request before anybody works on it (RFC 3261 8.2, 16.3), and of every response (8.1.3.3)."""

from __future__ import annotations

import pytest

from pbx.sip.message import Headers, Request, Response
from pbx.sip.validate import Rejection, discard_reason, validate_request

METHODS = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER")


def request(
    method: str = "INVITE",
    uri: str = "sip:102@example.com",
    *extra: tuple[str, str],
    to: str = "<sip:102@example.com>",
    cseq: str = "",
    body: bytes = b"",
) -> Request:
    fields = [
        ("Via", "SIP/2.0/UDP 192.0.2.101;branch=z9hG4bK1"),
        ("From", "<sip:101@example.com>;tag=a1"),
        ("To", to),
        ("Call-ID", "c1"),
        ("CSeq", cseq or f"1 {method}"),
        *extra,
    ]
    return Request(method, uri, Headers(fields), body)


def verdict(request: Request, *, bodies: tuple[str, ...] | None = ("application/sdp",)) -> Rejection | None:
    return validate_request(request, methods=METHODS, extensions=("timer",), bodies=bodies)


def status(request: Request) -> int | None:
    rejection = verdict(request)
    return rejection.status if rejection else None


def test_an_ordinary_request_passes() -> None:
    sdp = ("Content-Type", "application/sdp; charset=utf-8")
    assert verdict(request("INVITE", "sip:102@example.com", sdp, ("Require", "timer"), body=b"v=0")) is None


def test_a_method_of_sip_that_we_lack_is_405_and_an_unknown_one_501_both_with_allow() -> None:
    allow = (("Allow", "ACK, BYE, CANCEL, INVITE, OPTIONS, REGISTER"),)
    for method, expected in (("SUBSCRIBE", 405), ("JUGGLE", 501), ("invite", 501)):
        rejection = verdict(request(method))
        assert rejection is not None
        assert (rejection.status, rejection.headers) == (expected, allow)


def test_a_cseq_of_another_method_is_400() -> None:
    assert status(request(cseq="1 BYE")) == 400


@pytest.mark.parametrize(
    "extra", [("Contact", "x"), ("Route", "<sip:a"), ("Record-Route", ","), ("Max-Forwards", "lots")]
)
def test_a_header_that_somebody_will_need_is_read_now(extra: tuple[str, str]) -> None:
    rejection = verdict(request("INVITE", "sip:102@example.com", extra))
    assert rejection is not None
    assert rejection.status == 400
    assert rejection.reason.startswith(extra[0])


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("tel:+15551212", 416),
        ("sip:102@example.com?Subject=x", 400),
        ("sip:102@exa_mple.com:x", 400),
        ("sips:102@example.com", None),
        ("SIP:102@example.com", None),
    ],
)
def test_the_request_uri_must_be_one_that_we_serve(uri: str, expected: int | None) -> None:
    assert status(request("INVITE", uri)) == expected


def test_another_scheme_passes_where_it_is_served() -> None:
    tel = request("INVITE", "tel:+15551212")
    assert validate_request(tel, methods=METHODS, extensions=(), schemes=("sip", "sips", "tel")) is None


def test_any_scheme_may_stand_in_to_but_not_when_registering() -> None:
    assert status(request("INVITE", to="<tel:+15551212>")) is None
    assert status(request("REGISTER", "sip:example.com", to="<tel:+15551212>")) == 400


@pytest.mark.parametrize("name", ["Require", "Proxy-Require"])
def test_an_extension_that_we_lack_is_420_and_named(name: str) -> None:
    rejection = verdict(request("INVITE", "sip:102@example.com", (name, "timer, 100rel ,gruu")))
    assert rejection is not None
    assert (rejection.status, rejection.headers) == (420, (("Unsupported", "100rel, gruu"),))


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
def test_a_require_in_ack_and_cancel_is_ignored(method: str) -> None:
    assert status(request(method, "sip:102@example.com", ("Require", "gruu"))) is None


@pytest.mark.parametrize(
    ("method", "to", "expected"),
    [
        ("INVITE", "<sip:102@example.com>", 483),
        ("INVITE", "<sip:102@example.com>;tag=b1", None),
        ("BYE", "<sip:102@example.com>;tag=b1", None),
        ("OPTIONS", "<sip:102@example.com>", None),
        ("REGISTER", "<sip:102@example.com>", None),
        ("ACK", "<sip:102@example.com>", None),
    ],
)
def test_no_hops_left_stops_only_what_would_go_on(method: str, to: str, expected: int | None) -> None:
    assert status(request(method, "sip:102@example.com", ("Max-Forwards", "0"), to=to)) == expected


@pytest.mark.parametrize(
    ("extra", "expected", "headers"),
    [
        ([("Content-Type", "text/html")], 415, (("Accept", "application/sdp"),)),
        ([], 415, (("Accept", "application/sdp"),)),
        ([("Content-Type", "APPLICATION/SDP"), ("Content-Encoding", "gzip")], 415, (("Accept-Encoding", "identity"),)),
        ([("Content-Type", "application/sdp"), ("e", "identity")], None, ()),
        ([("Content-Type", "text/html"), ("Content-Disposition", "icon; handling = Optional")], None, ()),
    ],
)
def test_a_body_must_be_one_that_we_read(
    extra: list[tuple[str, str]], expected: int | None, headers: tuple[tuple[str, str], ...]
) -> None:
    rejection = verdict(request("INVITE", "sip:102@example.com", *extra, body=b"x"))
    assert (rejection.status if rejection else None) == expected
    assert (rejection.headers if rejection else ()) == headers


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/plain", 406),
        ("text/plain, application/sdp;level=1", None),
        ("*/*", None),
        ("application/*", None),
        ("text/*", 406),
        ("", 406),
    ],
)
def test_an_invite_must_accept_what_we_write(accept: str, expected: int | None) -> None:
    assert status(request("INVITE", "sip:102@example.com", ("Accept", accept))) == expected
    assert status(request("OPTIONS", "sip:102@example.com", ("Accept", accept))) is None


def test_bodies_are_judged_only_where_they_are_ours() -> None:
    assert verdict(request("INVITE", "sip:102@example.com", ("Content-Type", "a/b"), body=b"x"), bodies=None) is None


def test_a_rejection_answers_with_its_reason_as_a_warning() -> None:
    response = Rejection(420, 'no "gruu"', (("Unsupported", "gruu"),)).respond(request(), to_tag="b1")
    assert (response.status, response.reason) == (420, "Bad Extension")
    assert response.headers.first("Unsupported") == "gruu"
    assert response.headers.first("Warning") == '399 pbx "no \\"gruu\\""'
    assert response.to.tag == "b1"


def test_a_reason_with_control_characters_can_be_sent() -> None:
    response = Rejection(400, "bad\r\n\x00").respond(request())
    assert response.headers.first("Warning") == '399 pbx "bad???"'


def response(**changed: str) -> Response:
    fields = {
        "Via": "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        "From": "<sip:101@example.com>;tag=a1",
        "To": "<sip:102@example.com>;tag=b1",
        "Call-ID": "c1",
        "CSeq": "1 INVITE",
    }
    return Response(200, "OK", Headers((fields | changed).items()))


def test_a_response_with_our_via_alone_is_kept() -> None:
    assert discard_reason(response()) is None


@pytest.mark.parametrize(
    "changed", [{"Via": "SIP/2.0/UDP a, SIP/2.0/UDP b"}, {"CSeq": "x"}, {"To": "x"}, {"Contact": "<sip:a"}]
)
def test_a_response_that_cannot_be_used_is_discarded(changed: dict[str, str]) -> None:
    assert discard_reason(response(**changed))
