"""The valid messages of RFC 4475 and RFC 5118 are not only accepted: their parts are what the RFC says they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pbx.sip.headers import CSeq, parse_auth
from pbx.sip.message import Message, Request, Response
from pbx.sip.parse import parse_message
from tests.support.sip_corpus import rfc4475, rfc5118

DATA = {torture.name: torture.data for torture in rfc4475() + rfc5118()}


def request(name: str) -> Request:
    message = parse_message(DATA[name])
    assert isinstance(message, Request)
    return message


def response(name: str) -> Response:
    message = parse_message(DATA[name])
    assert isinstance(message, Response)
    return message


def test_wsinv_white_space_and_folding_everywhere() -> None:
    invite = request("wsinv")
    assert invite.to.uri == "sip:vivekg@chair-dnrc.example.com"
    assert invite.to.tag == "1918181833n"
    assert invite.from_.display == 'J Rosenberg \\"'
    assert invite.from_.tag == "98asjd8"
    assert invite.max_forwards == 68
    assert invite.cseq == CSeq(9, "INVITE")
    assert [(via.transport, via.host, via.branch) for via in invite.vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert invite.headers.first("Subject") == ""
    assert invite.headers.first("newfangledheader") == "newfangled value continued newfangled value"
    assert invite.headers.first("UnknownHeaderWithUnusualValue") == ";;,,;;,;"
    route = invite.routes[0].sip_uri
    assert (route.param("lr"), route.param("unknownwith"), route.param("unknown-no-value")) == ("", "value", "")
    contact = invite.contacts[0]
    assert contact.display == 'Quoted string ""'
    assert (contact.param("newparam"), contact.param("secondparam"), contact.param("q")) == ("newvalue", "", "0.33")
    assert invite.sip_uri.param("unknownparam") == ""
    assert len(invite.body) == 150


def test_intmeth_every_character_that_may_be_there() -> None:
    unusual = request("intmeth")
    assert unusual.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert unusual.cseq == CSeq(139122385, unusual.method)
    uri = unusual.sip_uri
    assert uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert uri.host == "example.com"
    assert str(uri) == unusual.uri
    assert unusual.top_via.branch == "z9hG4bK-.!%66*_+`'~"
    assert unusual.to.display == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert unusual.from_.display == "token1~` token2'+_ token3*%!.-"
    assert unusual.from_.param("fromParam''~+*_!.-%") == "работающий"
    assert unusual.from_.tag == "_token~1'+`*%!-."
    assert unusual.call_id == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
    assert unusual.headers.first("extensionHeader-!.%*+_`'~") == "\ufeff大停電"
    assert unusual.max_forwards == 255


def test_esc01_escapes_are_undone_once_and_only_where_they_are_escapes() -> None:
    invite = request("esc01")
    assert invite.sip_uri.user == "sips:user@example.com"
    assert invite.sip_uri.host == "example.net"
    assert invite.to.sip_uri.user == "user"
    assert invite.from_.sip_uri.user == "I have spaces"
    contact = invite.contacts[0].sip_uri
    assert contact.user == "caller"
    assert contact.param("lr") == ""
    assert contact.param("name") == "value%41"  # not valueA


def test_escnull_an_escaped_nul_does_not_end_the_user() -> None:
    register = request("escnull")
    assert register.to.sip_uri.user == "null-\x00-null"
    assert [contact.sip_uri.user for contact in register.contacts] == ["\x00", "\x00\x00"]
    assert not register.contacts[0].sip_uri.same_as(register.contacts[1].sip_uri)


def test_esc02_a_percent_sign_in_a_method_or_header_name_is_itself() -> None:
    unknown = request("esc02")
    assert unknown.method == "RE%47IST%45R"
    assert unknown.to.display == "%Z%45"
    assert [contact.uri for contact in unknown.contacts] == [
        "sip:alias1@host1.example.com",
        "sip:alias3@host3.example.com",
    ]
    assert unknown.headers.first("C%6Fntact") == "<sip:alias2@host2.example.com>"


def test_lwsdisp_no_space_is_needed_before_the_bracket() -> None:
    caller = request("lwsdisp").from_
    assert (caller.display, caller.uri, caller.tag) == ("caller", "sip:caller@example.com", "323")


def test_longreq_long_values_keep_their_length() -> None:
    invite = request("longreq")
    assert len(invite.vias) == 34
    assert [via.host for via in invite.vias[:2]] == ["sip33.example.com", "sip32.example.com"]
    assert invite.vias[-1].param("received") == "192.0.2.5"
    assert invite.vias[-1].branch == "very" + 50 * "long" + "branchvalue"
    assert invite.to.sip_uri.port == 6000
    assert invite.to.display.startswith("I have a user name of extremeextreme")
    assert (invite.from_.tag or "").startswith("12982982982")
    assert invite.call_id.endswith("reallylongcallid")
    assert len(invite.body) == 150


def test_dblreq_what_follows_the_body_in_a_datagram_is_noise() -> None:
    register = request("dblreq")
    assert register.method == "REGISTER"
    assert register.call_id == "dblreq.0ha0isndaksdj99sdfafnl3lk233412"
    assert register.body == b""
    assert b"INVITE" not in register.encode()


def test_semiuri_a_semicolon_may_be_part_of_the_user() -> None:
    options = request("semiuri")
    assert options.sip_uri.user == "user;par=u@example.net"
    assert options.sip_uri.host == "example.com"
    assert options.sip_uri.params == ()
    assert options.headers.first("Accept") == (
        "application/sdp, application/pkcs7-mime, multipart/mixed, multipart/signed, message/sip, message/sipfrag"
    )


def test_transports_every_transport_is_read() -> None:
    assert [via.transport for via in request("transports").vias] == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_mpart01_a_binary_body_is_whole() -> None:
    message = request("mpart01")
    assert message.content_type == "multipart/mixed;boundary=7a9cbec02ceef655"
    assert b"\x00" in message.body
    assert message.body == DATA["mpart01"].partition(b"\r\n\r\n")[2]
    assert message.encode().endswith(message.body)


def test_unreason_a_reason_phrase_may_be_any_utf8() -> None:
    answer = response("unreason")
    assert answer.status == 200
    assert answer.reason == "= 2**3 * 5**2 но сто девяносто девять - простое"


def test_noreason_a_reason_phrase_may_be_empty() -> None:
    assert (response("noreason").status, response("noreason").reason) == (100, "")


def test_badbranch_the_cookie_alone_is_the_branch() -> None:
    assert request("badbranch").top_via.branch == "z9hG4bK"


def test_regaut01_credentials_of_an_unknown_scheme_are_readable() -> None:
    assert parse_auth(request("regaut01").headers.all("Authorization")[0]) == (
        "NoOneKnowsThisScheme",
        {"opaque-data": "here"},
    )


def test_cparam01_a_parameter_outside_brackets_is_the_headers() -> None:
    contact = request("cparam01").contacts[0]
    assert contact.uri == "sip:+19725552222@gw1.example.net"
    assert contact.param("unknownparam") == ""


def test_cparam02_a_parameter_inside_brackets_is_the_uris() -> None:
    contact = request("cparam02").contacts[0]
    assert contact.params == ()
    assert contact.sip_uri.param("unknownparam") == ""


def test_regescrt_an_escaped_route_stays_inside_the_contact() -> None:
    contact = request("regescrt").contacts[0]
    assert contact.sip_uri.headers == "Route=%3Csip:sip.example.com%3E"
    assert request("regescrt").routes == []


def test_inv2543_neither_tag_nor_branch_nor_content_length_is_needed() -> None:
    invite = request("inv2543")
    assert invite.from_.tag is None
    assert invite.from_.sip_uri.param("user") == "phone"
    assert invite.to.param("user") == "phone"
    assert invite.top_via.branch is None
    assert invite.body == DATA["inv2543"].partition(b"\r\n\r\n")[2]


def test_scalar_values_out_of_range_count_as_absent() -> None:
    data = DATA["scalar02"].replace(b"36893488147419103232", b"1")
    register = parse_message(data)
    assert (register.max_forwards, register.expires) == (None, None)


IPV6 = {
    "ipv6-good": lambda m: (
        (m.sip_uri.host, m.sip_uri.port) == ("2001:db8::10", None)
        and m.top_via.host == "2001:db8::9:1"
        and m.contacts[0].sip_uri.host == "2001:db8::1"
    ),
    "port-ambiguous": lambda m: (m.sip_uri.host, m.sip_uri.port) == ("2001:db8::10:5070", None),
    "port-unambiguous": lambda m: (m.sip_uri.host, m.sip_uri.port) == ("2001:db8::10", 5070),
    "via-received-param-with-delim": lambda m: m.top_via.param("received") == "[2001:db8::9:255]",
    "via-received-param-no-delim": lambda m: m.top_via.param("received") == "2001:db8::9:255",
    "ipv6-in-sdp": lambda m: b"c=IN IP6 2001:db8::20\r\n" in m.body,
    "mult-ip-in-header": lambda m: (
        [via.sent_by for via in m.vias] == ["[2001:db8::9:1]:6050", "192.0.2.1", "[2001:db8::9:255]"]
    ),
    "mult-ip-in-sdp": lambda m: b"c=IN IP4 192.0.2.1\r\n" in m.body and b"c=IN IP6 2001:db8::1\r\n" in m.body,
    "ipv4-mapped-ipv6": lambda m: (
        [via.host for via in m.vias] == ["::ffff:192.0.2.10", "::ffff:192.0.2.2"] and m.vias[0].port == 19823
    ),
    "ipv6-bug-abnf-3-colons": lambda m: m.sip_uri.host == "2001:db8:::192.0.2.1",
    "ipv6-correct-abnf-2-colons": lambda m: m.sip_uri.host == "2001:db8::192.0.2.1",
}


@pytest.mark.parametrize(("name", "holds"), IPV6.items(), ids=IPV6)
def test_ipv6_addresses_lie_where_they_should(name: str, holds: Callable[[Message], bool]) -> None:
    message = request(name)
    assert holds(message)
    assert str(message.sip_uri) == message.uri
