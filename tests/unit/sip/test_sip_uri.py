"""SIP URIs: parts, escapes, what is refused, and the comparison table of RFC 3261 19.1.4."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.sip.errors import BadMessage
from pbx.sip.uri import SipUri, parse_hostport, write_hostport


def test_every_part_is_found() -> None:
    uri = SipUri.parse(
        "sips:alice:secret@atlanta.example.com:5061;transport=tcp;lr?subject=project%20x&priority=urgent"
    )
    assert uri == SipUri(
        scheme="sips",
        user="alice",
        password="secret",
        host="atlanta.example.com",
        port=5061,
        params=(("transport", "tcp"), ("lr", None)),
        headers="subject=project%20x&priority=urgent",
    )
    assert uri.hostport == "atlanta.example.com:5061"


@pytest.mark.parametrize(
    "text",
    [
        "sip:example.com",
        "sip:alice@example.com",
        "sip:alice@192.0.2.4:5060",
        "sip:alice@[2001:db8::10]:5070;lr",
        "sip:[2001:db8::10]",
        "sip:+1-212-555-1212:1234@gateway.example.com;user=phone",
        "sip:atlanta.example.com;method=REGISTER?to=alice%40atlanta.example.com",
        "sip:alice;day=tuesday@atlanta.example.com",
        "sip:*97@example.com",
    ],
)
def test_a_uri_is_written_as_it_was_read(text: str) -> None:
    assert str(SipUri.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no scheme"),
        ("alice", "no scheme"),
        ("sip:", "no host"),
        ("sip:alice@", "no host"),
        ("sip:@example.com", "empty user"),
        ("sip:alice@exam ple.com", "not allowed"),
        ("sip:alice@<example.com>", "not allowed"),
        ("sip:alice\r\n@example.com", "not allowed"),
        ("sip:alice@example.com:", "no port"),
        ("sip:alice@example.com:0", "no port"),
        ("sip:alice@example.com:65536", "no port"),
        ("sip:alice@example.com:five", "no port"),
        ("sip:alice@example.com:٥٠٦٠", "no port"),
        ("sip:alice@-example.com", "no host"),
        ("sip:alice@ex@mple.com", "no host"),
        ("sip:2001:db8::10", "no port"),
        ("sip:[2001:db8::10", "no host"),
        ("sip:[2001:db8::10]5060", "no host"),
        ("sip:[]", "no host"),
        ("sip:[example.com]", "no host"),
        ("sip:al%4@example.com", "broken escape"),
        ("sip:alice@example.com;", "empty parameter"),
        ("sip:alice@example.com;;lr", "empty parameter"),
        ("sip:alice@example.com;=x", "empty parameter"),
    ],
)
def test_a_malformed_uri_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(BadMessage, match=reason) as caught:
        SipUri.parse(text)
    assert caught.value.status_hint == 400


@pytest.mark.parametrize("text", ["tel:+15551212", "http://example.com", "mailto:alice@example.com"])
def test_another_scheme_is_416(text: str) -> None:
    with pytest.raises(BadMessage, match="scheme") as caught:
        SipUri.parse(text)
    assert caught.value.status_hint == 416


def test_phones_that_forget_to_escape_are_understood() -> None:
    assert SipUri.parse("sip:*72#@example.com").user == "*72#"
    assert str(SipUri.parse("sip:*72#@example.com")) == "sip:*72%23@example.com"


def test_a_parameter_is_found_whatever_its_case_and_spelling() -> None:
    uri = SipUri.parse("sip:example.com;%6C%72;Transport=TCP")
    assert uri.param("LR") == ""
    assert uri.param("transport") == "TCP"
    assert uri.param("maddr") is None


EQUAL = [
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
]
DIFFERENT = [
    ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),  # user
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),  # the port may differ by transport
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
    ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
    ("sip:bob@biloxi.com", "sip:bob:pass@biloxi.com"),
    ("sip:bob@biloxi.com", "sip:biloxi.com"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;maddr=192.0.2.4"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;ttl=1"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;user=ip"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;method=INVITE"),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal_by_the_table_of_rfc_3261(one: str, other: str) -> None:
    assert SipUri.parse(one).same_as(SipUri.parse(other))
    assert SipUri.parse(other).same_as(SipUri.parse(one))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_by_the_table_of_rfc_3261(one: str, other: str) -> None:
    assert not SipUri.parse(one).same_as(SipUri.parse(other))
    assert not SipUri.parse(other).same_as(SipUri.parse(one))


def test_the_comparison_is_not_transitive() -> None:
    plain, on, off = map(
        SipUri.parse,
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
    )
    assert on.same_as(plain)
    assert plain.same_as(off)
    assert not on.same_as(off)


TEXT = st.text(min_size=1, max_size=12)
HOSTS = st.sampled_from(["example.com", "192.0.2.4", "2001:db8::10", "::ffff:192.0.2.2", "a", "under_score.example."])
URIS = st.builds(
    SipUri,
    scheme=st.sampled_from(["sip", "sips"]),
    user=TEXT,
    password=st.none() | st.text(max_size=12),
    host=HOSTS,
    port=st.none() | st.integers(1, 65535),
    params=st.lists(st.tuples(TEXT, st.none() | st.text(max_size=12)), max_size=3).map(tuple),
    headers=st.sampled_from(["", "subject=x&to=sip:a%40b"]),
)


@given(URIS)
def test_parse_undoes_write_for_any_text_in_any_part(uri: SipUri) -> None:
    assert SipUri.parse(str(uri)) == uri
    assert uri.same_as(SipUri.parse(str(uri)))


@given(HOSTS, st.none() | st.integers(1, 65535))
def test_parse_hostport_undoes_write_hostport(host: str, port: int | None) -> None:
    assert parse_hostport(write_hostport(host, port)) == (host, port)


@given(st.text(alphabet=st.sampled_from("sip:@;=?%4a[]&<> \x00é")).map("sip:".__add__) | st.text())
def test_any_text_at_all_is_read_or_refused(text: str) -> None:
    try:
        uri = SipUri.parse(text)
    except BadMessage:
        return
    assert SipUri.parse(str(uri)) == uri


def test_a_very_long_uri_is_read_without_being_kept() -> None:
    text = f"sip:{'a' * 60_000}@example.com"
    assert str(SipUri.parse(text)) == text
