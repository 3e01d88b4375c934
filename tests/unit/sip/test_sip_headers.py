"""Structured header values: addresses, Vias, CSeq, parameters, challenges."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.sip.errors import BadMessage
from pbx.sip.headers import CSeq, NameAddr, Via, parse_auth, parse_params, quote, unquote, write_params


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sip:a@b", NameAddr("", "sip:a@b")),
        ("sip:a@b;tag=1", NameAddr("", "sip:a@b", (("tag", "1"),))),
        ("<sip:a@b;lr>;tag=1", NameAddr("", "sip:a@b;lr", (("tag", "1"),))),
        ("Alice <sip:a@b>", NameAddr("Alice", "sip:a@b")),
        ("Alice  van   Dyk<sip:a@b>", NameAddr("Alice van Dyk", "sip:a@b")),
        ("John (Sales) @home <sip:a@b>", NameAddr("John (Sales) @home", "sip:a@b")),
        ("Zażółć <sip:a@b>", NameAddr("Zażółć", "sip:a@b")),
        ('"Bell, Alexander <sip:no@no>" <sip:a@b>', NameAddr("Bell, Alexander <sip:no@no>", "sip:a@b")),
        (r'"a \"b\" \\" <sip:a@b>', NameAddr(r'a "b" \\'[:-1], "sip:a@b")),
        ('"" <sip:a@b>', NameAddr("", "sip:a@b")),
        ("*", NameAddr("", "*")),
        ("tel:+15551212;phone-context=x", NameAddr("", "tel:+15551212", (("phone-context", "x"),))),
        ("<sip:a@b,c?x=y>", NameAddr("", "sip:a@b,c?x=y")),
    ],
)
def test_an_address_is_read(text: str, value: NameAddr) -> None:
    assert NameAddr.parse(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "alice",
        "<sip:a@b",
        "sip:a@b>",
        "< sip:a@b >",
        "<sip:a@b c>",
        "<>",
        '"Alice <sip:a@b>',
        "Bell, Alexander <sip:a@b>",
        "sip:x <sip:a@b>",
        "<sip:a@b>;",
        "<sip:a@b>;;tag=1",
        "<sip:a@b>;tag=",
        "<sip:a@b>;=1",
        "<sip:a@b> x",
        "<sip:a@b>, <sip:c@d>",
        "sip:a@b?x=y",
    ],
)
def test_a_malformed_address_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        NameAddr.parse(text)


def test_commas_divide_addresses_only_outside_quotes_and_brackets() -> None:
    values = NameAddr.parse_many('"Doe, J" <sip:a,b@c>;x="1,2" ,sip:d@e;q=0.5 , <sip:f@g>')
    assert [value.uri for value in values] == ["sip:a,b@c", "sip:d@e", "sip:f@g"]
    assert values[0].display == "Doe, J"
    assert values[0].param("x") == "1,2"


@pytest.mark.parametrize("text", ["", ",", "<sip:a@b>,", ",<sip:a@b>", "<sip:a@b>,,<sip:c@d>", "<sip:a@b> <sip:c@d>"])
def test_a_list_with_a_hole_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        NameAddr.parse_many(text)


def test_a_parameter_loses_its_quotes_only_where_it_is_asked_for() -> None:
    value = NameAddr.parse('<sip:a@b>;+sip.instance="<urn:uuid:1>";TAG=x;lr')
    assert value.param("+SIP.instance") == "<urn:uuid:1>"
    assert value.tag == "x"
    assert value.param("lr") == ""
    assert value.param("absent") is None
    assert str(value) == '<sip:a@b>;+sip.instance="<urn:uuid:1>";TAG=x;lr'


def test_a_via_is_read_whatever_space_is_in_it() -> None:
    via = Via.parse(
        "SIP / 2.0 / UDP  first.example.com : 4000 ;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1;rport"
    )
    assert (via.protocol, via.transport, via.host, via.port) == ("SIP/2.0", "UDP", "first.example.com", 4000)
    assert (via.branch, via.param("ttl"), via.param("rport")) == ("z9hG4bKa7c6a8dlze.1", "16", "")
    assert str(via) == "SIP/2.0/UDP first.example.com:4000;ttl=16;maddr=224.2.0.1;branch=z9hG4bKa7c6a8dlze.1;rport"


def test_several_vias_stand_in_a_line() -> None:
    line = 'SIP/2.0/UDP a;branch=1 , SIP/2.0/TLS [2001:db8::1]:5061;x="a,b",SIP/2.0/WS c.invalid'
    assert [via.sent_by for via in Via.parse_many(line)] == ["a", "[2001:db8::1]:5061", "c.invalid"]
    assert Via.parse_first(line).host == "a"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0 a",
        "SIP/2.0/UDP a b",
        "SIP/2.0/UDP a:",
        "SIP/2.0/UDP a:x",
        "SIP/2.0/UDP ;branch=1",
        "SIP/2.0/UDP a;;branch=1",
        "SIP/2.0/UDP a;branch=1,",
        "SIP/2.0/UDP 2001:db8::1",
        "SIP/2.0/UDP [2001:db8::1",
    ],
)
def test_a_malformed_via_is_refused(text: str) -> None:
    for parse in (Via.parse, Via.parse_many, Via.parse_first):
        with pytest.raises(BadMessage):
            parse(text)


@pytest.mark.parametrize(
    "text", ["", "1", "INVITE", "1INVITE", "-1 INVITE", "4294967296 INVITE", "1 INVITE x", "٣ INVITE"]
)
def test_a_malformed_cseq_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        CSeq.parse(text)


def test_a_cseq_of_a_million_digits_costs_nothing() -> None:
    with pytest.raises(BadMessage):
        CSeq.parse(f"{'9' * 1_000_000} INVITE")


def test_a_challenge_is_read() -> None:
    scheme, params = parse_auth('Digest realm="pbx, \\"east\\"", Nonce = "a=b" ,qop="auth,auth-int", algorithm=SHA-256')
    assert scheme == "Digest"
    assert params == {"realm": 'pbx, "east"', "nonce": "a=b", "qop": "auth,auth-int", "algorithm": "SHA-256"}


def test_credentials_that_are_no_list_come_whole() -> None:
    assert parse_auth("Bearer eyJ0.e30==") == ("Bearer", {"": "eyJ0.e30=="})
    assert parse_auth("Negotiate") == ("Negotiate", {})


@pytest.mark.parametrize(
    "text",
    ["", '"x"', 'Digest realm="x', 'Digest realm="x" nonce="y"', "Digest a=1, a=2", "Digest a=1,,b=2", "Digest a b"],
)
def test_malformed_credentials_are_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        parse_auth(text)


TOKENS = st.text(alphabet="abcXYZ019-.!%*_+`'~", min_size=1, max_size=8)
# No line breaks: a header value has none.
WORDS = st.text(alphabet=st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)
PARAMS = st.lists(st.tuples(TOKENS, st.none() | TOKENS | WORDS.map(quote)), max_size=4).map(tuple)
HOSTS = st.sampled_from(["example.com", "192.0.2.4", "2001:db8::10"])
ADDRESSES = st.builds(NameAddr, WORDS, st.sampled_from(["sip:a@b", "sips:a@[::1]:5061;lr?x=y", "tel:+1"]), PARAMS)
VIAS = st.builds(Via, TOKENS, HOSTS, st.none() | st.integers(1, 65535), PARAMS)


@given(WORDS)
def test_unquote_undoes_quote(text: str) -> None:
    assert unquote(quote(text)) == text


@given(PARAMS)
def test_parse_params_undoes_write_params(params: tuple[tuple[str, str | None], ...]) -> None:
    assert parse_params(write_params(params)) == params


@given(st.lists(ADDRESSES, min_size=1, max_size=4))
def test_parse_undoes_write_for_addresses(values: list[NameAddr]) -> None:
    assert NameAddr.parse_many(", ".join(map(str, values))) == values
    assert NameAddr.parse(str(values[0])) == values[0]


@given(st.lists(VIAS, min_size=1, max_size=4))
def test_parse_undoes_write_for_vias(values: list[Via]) -> None:
    assert Via.parse_many(",".join(map(str, values))) == values
    assert Via.parse_first(",".join(map(str, values))) == values[0]


@given(st.integers(0, 2**32 - 1), TOKENS)
def test_parse_undoes_write_for_cseq(number: int, method: str) -> None:
    assert CSeq.parse(str(CSeq(number, method))) == CSeq(number, method)


MESSY = st.text() | st.text(alphabet=st.sampled_from('<>";,=:/@ \t\\aS1.0[]*é\x00'))


@given(MESSY)
def test_any_text_at_all_is_read_or_refused(text: str) -> None:
    for parse in (NameAddr.parse, NameAddr.parse_many, Via.parse, Via.parse_many, CSeq.parse, parse_params, parse_auth):
        with suppress(BadMessage):
            parse(text)
