"""Headers as an ordered, case-blind list, from the wire or made by us: both behave alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.sip._scan import scan
from pbx.sip.errors import BadMessage, LocalProtocolError
from pbx.sip.headers import CSeq, NameAddr
from pbx.sip.message import Headers, Request
from pbx.sip.parse import parse_message

FIELDS = [
    ("Via", "SIP/2.0/UDP a;branch=z9hG4bK1"),
    ("v", "SIP/2.0/UDP b, SIP/2.0/UDP c"),
    ("From", '"A" <sip:a@example.com>;tag=1'),
    ("t", "<sip:b@example.com>"),
    ("CALL-ID", "c"),
    ("CSeq", "1 OPTIONS"),
    ("X-Model", "  5  "),
    ("Via", "SIP/2.0/UDP d"),
]
WRITTEN = [
    ("Via", "SIP/2.0/UDP a;branch=z9hG4bK1"),
    ("Via", "SIP/2.0/UDP b, SIP/2.0/UDP c"),
    ("From", '"A" <sip:a@example.com>;tag=1'),
    ("To", "<sip:b@example.com>"),
    ("Call-ID", "c"),
    ("CSeq", "1 OPTIONS"),
    ("X-Model", "5"),
    ("Via", "SIP/2.0/UDP d"),
]


def made() -> Headers:
    return Headers(FIELDS)


def scanned() -> Headers:
    lines = "".join(f"{name}: {value}\r\n" for name, value in FIELDS)
    return parse_message(f"OPTIONS sip:b@example.com SIP/2.0\r\n{lines}\r\n".encode()).headers


both = pytest.mark.parametrize("origin", [made, scanned])
Origin = Callable[[], Headers]


@both
def test_names_are_written_long_and_values_without_outer_space(origin: Origin) -> None:
    assert list(origin().items()) == WRITTEN


@both
@pytest.mark.parametrize("name", ["Via", "via", "VIA", "v", "V"])
def test_a_header_is_found_under_any_of_its_names(origin: Origin, name: str) -> None:
    headers = origin()
    assert headers.first(name) == "SIP/2.0/UDP a;branch=z9hG4bK1"
    assert headers.all(name) == [value for own, value in WRITTEN if own == "Via"]
    assert name in headers


@both
def test_what_is_not_there_is_none(origin: Origin) -> None:
    headers = origin()
    assert headers.first("Expires") is None
    assert headers.first("X-Other") is None
    assert headers.all("x") == []
    assert "Contact" not in headers


@both
def test_headers_change_in_place(origin: Origin) -> None:
    headers = origin()
    headers.prepend("Via", "SIP/2.0/UDP top")
    headers.add("x-model", "6")
    headers.set("f", "<sip:z@example.com>")
    headers.set("Expires", "60")
    headers.remove("call-id")
    assert list(headers.items()) == [
        ("Via", "SIP/2.0/UDP top"),
        *WRITTEN[:2],
        ("From", "<sip:z@example.com>"),
        *[WRITTEN[at] for at in (3, 5, 6, 7)],
        ("x-model", "6"),
        ("Expires", "60"),
    ]
    assert headers.all("X-MODEL") == ["5", "6"]


@both
def test_set_leaves_one_line_where_the_first_stood(origin: Origin) -> None:
    headers = origin()
    headers.set("Via", "SIP/2.0/UDP only")
    assert [name for name, _ in headers.items()] == ["Via", "From", "To", "Call-ID", "CSeq", "X-Model"]
    assert headers.all("Via") == ["SIP/2.0/UDP only"]


@both
def test_a_copy_changes_alone(origin: Origin) -> None:
    headers = origin()
    before_change = headers.copy()
    headers.set("CSeq", "2 OPTIONS")
    after_change = headers.copy()
    after_change.remove("CSeq")
    assert (before_change.first("CSeq"), headers.first("CSeq"), after_change.first("CSeq")) == (
        "1 OPTIONS",
        "2 OPTIONS",
        None,
    )


@pytest.mark.parametrize("value", ["a\r\nTo: <sip:evil>", "a\nb", "a\rb", "\n"])
def test_a_line_break_in_a_value_is_our_own_fault(value: str) -> None:
    for change in (Headers().add, Headers().set, Headers().prepend):
        with pytest.raises(LocalProtocolError, match="line break"):
            change("Subject", value)
    with pytest.raises(LocalProtocolError, match="line break"):
        Headers([("Subject", value)])


@pytest.mark.parametrize("name", ["", "a b", "a:b", "X\r\nY", "ü", "a b".upper()])
def test_a_name_that_is_no_token_is_our_own_fault(name: str) -> None:
    with pytest.raises(LocalProtocolError, match="no header name"):
        Headers([(name, "x")])


@both
def test_typed_values_are_parsed_once_and_anew_after_a_change(origin: Origin) -> None:
    request = Request("OPTIONS", "sip:b@example.com", origin())
    assert request.cseq is request.cseq
    assert request.from_ is request.from_
    assert [via.host for via in request.vias] == ["a", "b", "c", "d"]
    assert request.top_via == request.vias[0]
    request.headers.set("CSeq", "2 OPTIONS")
    assert request.cseq == CSeq(2, "OPTIONS")
    request.headers.prepend("Via", "SIP/2.0/UDP new")
    assert request.top_via.host == "new"


@both
def test_lists_of_absent_headers_are_empty_and_options_none(origin: Origin) -> None:
    request = Request("OPTIONS", "sip:b@example.com", origin())
    assert (request.contacts, request.routes, request.record_routes) == ([], [], [])
    assert (request.expires, request.max_forwards, request.content_type) == (None, None, None)


def test_lists_run_over_lines_and_commas() -> None:
    headers = Headers([("Route", "<sip:a;lr>, <sip:b;lr>"), ("Route", "<sip:c;lr>"), ("m", "*")])
    request = Request("REGISTER", "sip:example.com", headers)
    assert [route.uri for route in request.routes] == ["sip:a;lr", "sip:b;lr", "sip:c;lr"]
    assert request.contacts == [NameAddr("", "*")]


@pytest.mark.parametrize(
    ("attribute", "field", "reason"),
    [
        ("call_id", ("Call-ID", "two words"), "Call-ID: "),
        ("cseq", ("CSeq", "x"), "CSeq: "),
        ("top_via", ("Via", "x"), "Via: "),
        ("vias", ("Via", "SIP/2.0/UDP a,"), "Via: "),
        ("from_", ("From", "x"), "From: "),
        ("to", ("To", "x"), "To: "),
        ("contacts", ("Contact", "x"), "Contact: "),
        ("routes", ("Route", "x"), "Route: "),
        ("record_routes", ("Record-Route", "x"), "Record-Route: "),
        ("max_forwards", ("Max-Forwards", "many"), "Max-Forwards: "),
        ("max_forwards", ("Max-Forwards", "-1"), "Max-Forwards: "),
        ("max_forwards", ("Max-Forwards", ""), "Max-Forwards: "),
        ("max_forwards", ("Max-Forwards", "٣"), "Max-Forwards: "),
        ("call_id", ("X", ""), "Call-ID: missing"),
        ("from_", ("X", ""), "From: missing"),
    ],
)
def test_a_bad_value_names_its_header_and_carries_its_message(
    attribute: str, field: tuple[str, str], reason: str
) -> None:
    request = Request("OPTIONS", "sip:b@example.com", Headers([field]))
    with pytest.raises(BadMessage) as caught:
        getattr(request, attribute)
    assert caught.value.reason.startswith(reason)
    assert caught.value.message is request


@pytest.mark.parametrize(
    ("text", "expires"),
    [
        ("0", 0),
        ("3600", 3600),
        ("007", 7),
        ("4294967295", 2**32 - 1),
        ("4294967296", None),
        ("soon", None),
        ("-1", None),
    ],
)
def test_an_expires_that_cannot_be_read_counts_as_absent(text: str, expires: int | None) -> None:
    assert Request("REGISTER", "sip:example.com", Headers([("Expires", text)])).expires == expires


@pytest.mark.parametrize(("text", "hops"), [("0", 0), ("0068", 68), ("255", 255), ("256", None), ("9" * 5000, None)])
def test_max_forwards_above_255_counts_as_absent(text: str, hops: int | None) -> None:
    assert Request("OPTIONS", "sip:example.com", Headers([("Max-Forwards", text)])).max_forwards == hops


NAMES = st.sampled_from(["Via", "v", "To", "X-A", "x-a", "Subject", "s"])
VALUES = st.text(alphabet=st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=10)
CHANGES = st.lists(
    st.tuples(st.sampled_from(["add", "prepend", "set", "remove"]), NAMES, VALUES),
    max_size=8,
)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6), CHANGES)
def test_scanned_and_made_headers_stay_alike_whatever_is_done(
    fields: list[tuple[str, str]], changes: list[tuple[str, str, str]]
) -> None:
    made = Headers(fields)
    scanned = Headers.scanned(scan(Request("OPTIONS", "sip:x", made).encode()))
    scanned.remove("Content-Length")
    for verb, name, value in changes:
        for headers in (made, scanned):
            getattr(headers, verb)(*((name,) if verb == "remove" else (name, value)))
    assert list(made.items()) == list(scanned.items())
    for name in ("Via", "To", "x-A", "s"):
        assert made.all(name) == scanned.all(name)
        assert made.first(name) == (made.all(name)[0] if name in made else None)
