"""The NOTIFY as RFC 3842 has it, and the table of when a contact is due for one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pbx.events.message_counts import MessageCounts
from pbx.registrar.binding import Binding
from pbx.registrar.message_summary import LastNotify, Result, is_due, make_notify, result_of, write_summary
from pbx.sip.message import Request
from pbx.sip.parse import parse_message
from tests.support.register_request import FLOW

NOW = 1_800_000_000.0
COUNTS, OTHER_COUNTS = MessageCounts(2, 1), MessageCounts(3, 1)
BINDING = Binding("sip:101@10.0.0.7:5060;ob", FLOW, "phone-1", 7, NOW + 600, NOW)
REFRESHED = replace(BINDING, cseq=8, registered_at=NOW + 300)
STARTED_ANEW = replace(BINDING, call_id="phone-1-after-its-start", cseq=1, registered_at=NOW + 300)


def notify(binding: Binding = BINDING, **changes: str) -> Request:
    texts = {"extension": "101", "account_number": "*97", "domain": "herons.example", "call_id": "c", "tag": "t"}
    sent = make_notify(binding, COUNTS, **{**texts, **changes})
    sent.headers.prepend("Via", "SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK1")  # the stack's
    received = parse_message(sent.encode())
    assert isinstance(received, Request)
    return received


def test_the_body_has_the_lines_of_rfc_3842():
    assert write_summary(COUNTS, "sip:*97@herons.example") == (
        b"Messages-Waiting: yes\r\nMessage-Account: sip:*97@herons.example\r\nVoice-Message: 2/1 (0/0)\r\n"
    )


@given(new=st.integers(0, 10**6), old=st.integers(0, 10**6))
def test_the_lamp_is_lit_by_new_messages_alone_and_both_counts_are_told(new: int, old: int):
    waiting, _, voice = write_summary(MessageCounts(new, old), "sip:101@h").decode().splitlines()
    assert waiting == f"Messages-Waiting: {'yes' if new else 'no'}"
    found = re.fullmatch(r"Voice-Message: (\d+)/(\d+) \(0/0\)", voice)
    assert found
    assert (int(found[1]), int(found[2])) == (new, old)


def test_it_goes_to_the_contact_and_stands_outside_any_dialog():
    request = notify()
    assert request.uri == BINDING.contact
    assert request.from_.uri == request.to.uri == "sip:101@herons.example"
    assert (request.from_.tag, request.to.tag) == ("t", None)
    assert request.headers.first("Event") == "message-summary"
    assert request.headers.first("Subscription-State") == "active"
    assert request.content_type == "application/simple-message-summary"
    assert [contact.uri for contact in request.contacts] == ["sip:198.51.100.1:5060"]  # ours, as the phone sees it
    assert b"Message-Account: sip:*97@herons.example\r\n" in request.body


def test_it_follows_the_path_that_the_phone_registered_by():
    request = notify(replace(BINDING, path=("<sip:edge.example;lr>", "<sip:inner.example;lr>")))
    assert [route.uri for route in request.routes] == ["sip:edge.example;lr", "sip:inner.example;lr"]


@pytest.mark.parametrize(
    ("status", "result"),
    [
        *((status, Result.TOLD) for status in (200, 202, 299)),
        *((status, Result.REFUSED) for status in (405, 415, 481, 489, 501)),
        *((status, Result.FAILED) for status in (302, 401, 404, 408, 480, 486, 500, 503, 600)),
    ],
)
def test_the_answer_says_what_came_of_it(status: int, result: Result):
    assert result_of(status) is result


@pytest.mark.parametrize(
    ("result", "same", "counts", "refreshed", "anew"),
    [
        (Result.TOLD, False, True, False, True),
        (Result.REFUSED, False, False, False, True),
        (Result.NOT_ANSWERED, False, False, True, True),
        (Result.FAILED, False, True, True, True),
    ],
)
def test_what_came_of_the_last_one_decides_what_makes_the_next_one_due(
    result: Result, same: bool, counts: bool, refreshed: bool, anew: bool
):
    last = LastNotify(result, BINDING, COUNTS)
    assert is_due(last, BINDING, COUNTS) is same
    assert is_due(last, BINDING, OTHER_COUNTS) is counts
    assert is_due(last, REFRESHED, COUNTS) is refreshed
    assert is_due(last, STARTED_ANEW, COUNTS) is anew


def test_a_contact_that_was_never_told_is_due_even_for_no_messages():
    assert is_due(None, BINDING, MessageCounts())
