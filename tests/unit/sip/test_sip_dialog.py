"""Dialogs: RFC 3261 12, from both ends."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.sip.dialog import Dialog, dialog_id_of
from pbx.sip.errors import BadMessage, LocalProtocolError, RemoteProtocolError
from pbx.sip.flow import Flow
from tests.support.sip_messages import ALICE, BOB, answer, sip_request

TO_ALICE = Flow("udp", BOB, ALICE)
TO_BOB = Flow("udp", ALICE, BOB)

TWO_PROXIES = (
    ("Record-Route", "<sip:p2.example.org;lr>"),
    ("Record-Route", "<sip:p1.example.org;lr>, <sip:p0.example.org;lr>"),
)


def bobs(invite=None, **parts) -> Dialog:
    """The dialog as Bob, who was called, sees it."""
    invite = invite or sip_request("INVITE", **parts)
    return Dialog.from_request(invite, TO_ALICE, local_tag="b1", local_contact="<sip:bob@192.0.2.2:5060>")


def alices(status: int = 200, *, record_routes=(), invite=None, **parts) -> Dialog:
    """The dialog as Alice, who called, sees it."""
    invite = invite or sip_request("INVITE")
    response = answer(invite, status, **parts)
    for name, value in record_routes:
        response.headers.add(name, value)
    return Dialog.from_response(invite, response, TO_BOB)


def in_dialog(method: str, cseq: int, **parts):
    return sip_request(method, cseq=cseq, to="<sip:bob@example.org>;tag=b1", **parts)


# -- how it begins -----------------------------------------------------------------------------------------------------


def test_both_ends_see_the_same_dialog_from_their_side():
    alice, bob = alices(), bobs()
    assert (alice.call_id, alice.local_tag, alice.remote_tag) == (bob.call_id, bob.remote_tag, bob.local_tag)
    assert (alice.local_uri, alice.remote_uri) == (bob.remote_uri, bob.local_uri)
    assert (alice.local_uri, alice.remote_uri) == ("<sip:alice@example.org>", "<sip:bob@example.org>")
    assert alice.remote_target == "sip:bob@192.0.2.2:5060"
    assert bob.remote_target == "sip:alice@192.0.2.1:5060"
    assert (alice.local_seq, alice.remote_seq) == (1, None)
    assert (bob.local_seq, bob.remote_seq) == (0, 1)


def test_a_request_received_finds_its_dialog():
    assert dialog_id_of(in_dialog("BYE", 2)) == bobs().id


def test_the_route_set_is_in_order_for_the_called_and_reversed_for_the_caller():
    order = ["<sip:p2.example.org;lr>", "<sip:p1.example.org;lr>", "<sip:p0.example.org;lr>"]
    assert bobs(headers=TWO_PROXIES).route_set == order
    assert alices(record_routes=TWO_PROXIES).route_set == order[::-1]


def test_a_dialog_is_early_until_its_2xx():
    assert alices(183).early
    assert not alices(200).early
    bob = bobs()
    assert bob.early
    bob.confirm()
    assert not bob.early


def test_parameters_and_display_names_of_the_addresses_are_kept_without_the_tag():
    bob = bobs(from_='"Alice, A." <sip:alice@example.org;user=phone>;epid=77;tag=a1')
    assert bob.remote_uri == '"Alice, A." <sip:alice@example.org;user=phone>;epid=77'
    assert bob.make_request("BYE").headers.first("To") == f"{bob.remote_uri};tag=a1"


def test_a_peer_of_rfc_2543_without_a_tag_is_a_dialog_too():
    bob = bobs(from_="<sip:alice@example.org>")
    assert bob.remote_tag == ""
    assert bob.make_request("BYE").headers.first("To") == "<sip:alice@example.org>"


def test_a_provisional_response_without_contact_leads_to_the_request_uri_until_the_2xx():
    alice = alices(180, contact=None)
    assert alice.remote_target == "sip:bob@192.0.2.2"
    alice.receive_response(answer(sip_request("INVITE"), 200))
    assert alice.remote_target == "sip:bob@192.0.2.2:5060"


@pytest.mark.parametrize("contact", [None, "*", "<mailto:alice@example.org>", "<sip:a@x>, <sip:b@x>", "rubbish"])
def test_an_invite_without_one_usable_contact_makes_no_dialog(contact):
    with pytest.raises(BadMessage) as raised:
        bobs(contact=contact)
    assert raised.value.status_hint == 400
    assert "Contact" in raised.value.reason


def test_a_record_route_that_is_no_sip_uri_makes_no_dialog():
    with pytest.raises(BadMessage, match="Record-Route"):
        bobs(headers=(("Record-Route", "<tel:+48221234567;lr>"),))


# -- what we send ------------------------------------------------------------------------------------------------------


def test_a_request_in_the_dialog_has_all_that_the_rfc_asks_for():
    alice = alices(record_routes=TWO_PROXIES)
    bye = alice.make_request("BYE")
    assert bye.start_line() == "BYE sip:bob@192.0.2.2:5060 SIP/2.0"
    assert list(bye.headers.items()) == [
        ("Route", "<sip:p0.example.org;lr>"),
        ("Route", "<sip:p1.example.org;lr>"),
        ("Route", "<sip:p2.example.org;lr>"),
        ("Max-Forwards", "70"),
        ("From", "<sip:alice@example.org>;tag=a1"),
        ("To", "<sip:bob@example.org>;tag=b1"),
        ("Call-ID", "call-1"),
        ("CSeq", "2 BYE"),
    ]


def test_cseq_rises_by_one_with_each_request():
    alice = alices()
    assert [alice.make_request(method).cseq.number for method in ("INFO", "INVITE", "BYE")] == [2, 3, 4]
    assert bobs().make_request("BYE").cseq.number == 1


@pytest.mark.parametrize(("method", "has_contact"), [("INVITE", True), ("UPDATE", True), ("BYE", False)])
def test_requests_that_refresh_the_target_carry_our_contact(method, has_contact):
    request = bobs().make_request(method)
    assert request.headers.all("Contact") == (["<sip:bob@192.0.2.2:5060>"] if has_contact else [])


def test_body_type_and_more_headers_go_along():
    request = alices().make_request(
        "INVITE", body=b"v=0\r\n", content_type="application/sdp", headers=[("Supported", "timer")]
    )
    assert (request.body, request.content_type) == (b"v=0\r\n", "application/sdp")
    assert request.headers.first("Supported") == "timer"


def test_the_ack_to_a_2xx_has_the_number_of_its_invite_and_raises_nothing():
    alice = alices()
    invite = alice.make_request("INVITE")
    alice.make_request("INFO")
    ack = alice.make_ack(invite.cseq.number, body=b"v=0\r\n", content_type="application/sdp")
    assert ack.start_line() == "ACK sip:bob@192.0.2.2:5060 SIP/2.0"
    assert str(ack.cseq) == "2 ACK"
    assert ack.content_type == "application/sdp"
    assert alice.local_seq == 3


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
def test_ack_and_cancel_are_not_made_as_requests_with_a_new_number(method):
    with pytest.raises(LocalProtocolError):
        alices().make_request(method)


def test_a_strict_router_becomes_the_request_uri_and_the_target_the_last_route():
    # The example of RFC 3261 12.2.1.1.
    alice = alices()
    alice.route_set = ["<sip:proxy1>", "<sip:proxy2>", "<sip:proxy3;lr>", "<sip:proxy4>"]
    alice.remote_target = "sip:user@remoteua"
    request = alice.make_request("INFO")
    assert request.uri == "sip:proxy1"
    assert request.headers.all("Route") == [
        "<sip:proxy2>",
        "<sip:proxy3;lr>",
        "<sip:proxy4>",
        "<sip:user@remoteua>",
    ]


def test_a_strict_router_loses_what_may_not_stand_in_a_request_uri():
    alice = alices()
    alice.route_set = ["<sip:proxy1;method=INVITE;transport=udp?Subject=x>"]
    assert alice.make_request("INFO").uri == "sip:proxy1;transport=udp"


# -- what they send ----------------------------------------------------------------------------------------------------


def test_an_older_cseq_is_refused_with_500_and_changes_nothing():
    bob = bobs(cseq=5)
    before = msgspec.json.encode(bob)
    with pytest.raises(RemoteProtocolError) as raised:
        bob.receive_request(in_dialog("INVITE", 4, contact="<sip:elsewhere@192.0.2.66>"))
    assert raised.value.status_hint == 500
    assert msgspec.json.encode(bob) == before


def test_cseq_may_leap():
    bob = bobs(cseq=5)
    bob.receive_request(in_dialog("INFO", 900))
    assert bob.remote_seq == 900
    with pytest.raises(RemoteProtocolError):
        bob.receive_request(in_dialog("BYE", 899))


def test_the_first_request_of_the_called_sets_what_the_caller_expects():
    alice = alices()
    alice.receive_request(sip_request("BYE", cseq=31_000))
    assert alice.remote_seq == 31_000


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
def test_ack_and_cancel_carry_an_old_number_rightly(method):
    bob = bobs(cseq=1)
    bob.receive_request(in_dialog("INFO", 2))
    bob.receive_request(in_dialog(method, 1))
    assert bob.remote_seq == 2


@pytest.mark.parametrize(("method", "moves"), [("INVITE", True), ("UPDATE", True), ("INFO", False), ("BYE", False)])
def test_the_contact_of_a_refreshing_request_moves_the_target(method, moves):
    bob = bobs()
    bob.receive_request(in_dialog(method, 2, contact="<sip:alice@192.0.2.50:5070>"))
    assert bob.remote_target == ("sip:alice@192.0.2.50:5070" if moves else "sip:alice@192.0.2.1:5060")


def test_a_reinvite_with_a_contact_that_cannot_be_read_changes_nothing():
    bob = bobs()
    before = msgspec.json.encode(bob)
    with pytest.raises(BadMessage):
        bob.receive_request(in_dialog("INVITE", 2, contact="<sip:a@x>, <sip:b@x>"))
    assert msgspec.json.encode(bob) == before


def test_the_2xx_to_a_reinvite_moves_the_target_and_leaves_the_route_set():
    alice = alices(record_routes=TWO_PROXIES)
    routes = list(alice.route_set)
    invite = alice.make_request("INVITE")
    alice.receive_response(answer(invite, 200, contact="<sip:bob@192.0.2.77>"))
    assert alice.remote_target == "sip:bob@192.0.2.77"
    assert alice.route_set == routes


@pytest.mark.parametrize("status", [100, 180, 302, 491])
def test_no_other_response_moves_the_target(status):
    alice = alices()
    response = answer(alice.make_request("INVITE"), status)
    response.headers.set("Contact", "<sip:bob@192.0.2.77>")
    alice.receive_response(response)
    assert alice.remote_target == "sip:bob@192.0.2.2:5060"


def test_the_2xx_of_an_early_dialog_says_the_route_set_anew():
    alice = alices(183, record_routes=TWO_PROXIES)
    ok = answer(sip_request("INVITE"), 200)
    ok.headers.add("Record-Route", "<sip:only.example.org;lr>")
    alice.receive_response(ok)
    assert alice.route_set == ["<sip:only.example.org;lr>"]
    assert not alice.early


def test_a_2xx_to_another_request_does_not_confirm_an_early_dialog():
    alice = alices(183)
    alice.receive_response(answer(alice.make_request("UPDATE"), 200))
    assert alice.early


# -- a value -----------------------------------------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20)


@given(
    st.builds(
        Dialog,
        call_id=texts,
        local_tag=texts,
        remote_tag=texts,
        local_uri=texts,
        remote_uri=texts,
        local_contact=texts,
        remote_target=texts,
        route_set=st.lists(texts, max_size=4),
        local_seq=st.integers(0, 2**31),
        remote_seq=st.none() | st.integers(0, 2**31),
        flow=st.builds(Flow, texts, st.tuples(texts, st.integers(0, 65_535)), st.tuples(texts, st.integers(0, 65_535))),
        early=st.booleans(),
    )
)
def test_a_dialog_written_and_read_is_the_same(dialog):
    assert msgspec.json.decode(msgspec.json.encode(dialog), type=Dialog) == dialog


def test_a_dialog_that_was_written_goes_on_with_its_numbers():
    alice = alices(record_routes=TWO_PROXIES)
    alice.make_request("INFO")
    again = msgspec.json.decode(msgspec.json.encode(alice), type=Dialog)
    assert again.make_request("BYE").encode() == alice.make_request("BYE").encode()
