"""The unsolicited NOTIFY that lights a phone's lamp (RFC 3842), and whether a contact is due for one. Pure.

Nobody has subscribed: a phone is told as soon as it registers, outside any dialog, and one that does not want this says
so by its answer.

| a contact's last NOTIFY was   | it is due for the next one                                                     |
|-------------------------------|--------------------------------------------------------------------------------|
| never                         | at once                                                                        |
| told (2xx)                    | when the counts differ, or the phone starts anew (another Call-ID, 10.2)       |
| refused (405, 481, 489 …)     | when the phone starts anew: nothing else changes what it understands           |
| not answered                  | with its next REGISTER, a refresh too: it is there again                       |
| failed (any other status)     | when the counts differ, and with its next REGISTER                             |
"""

from enum import Enum, auto

from msgspec import Struct

from pbx.events.message_counts import MessageCounts
from pbx.registrar.binding import Binding
from pbx.sip.headers import NameAddr
from pbx.sip.message import Headers, Request
from pbx.sip.uri import SipUri, write_hostport

CONTENT_TYPE = "application/simple-message-summary"  # RFC 3842 5.1
MAX_FORWARDS = "70"  # RFC 3261 8.1.1.6

# "I do not know this": the method, the body's type, the event package, a NOTIFY that no subscription asked for.
REFUSALS = frozenset({405, 415, 481, 489, 501})


class Result(Enum):
    """What came of a NOTIFY."""

    TOLD = auto()
    REFUSED = auto()
    NOT_ANSWERED = auto()
    FAILED = auto()


class LastNotify(Struct, frozen=True):
    """The last NOTIFY to a contact that is over: the binding as it was when it was sent, and what it said."""

    result: Result
    binding: Binding
    counts: MessageCounts


def result_of(status: int) -> Result:
    """By the final status of its answer."""
    if 200 <= status < 300:
        return Result.TOLD
    return Result.REFUSED if status in REFUSALS else Result.FAILED


def is_due(last: LastNotify | None, binding: Binding, counts: MessageCounts) -> bool:
    """Whether `binding`'s phone is to be sent `counts` now; see the module."""
    if last is None:
        return True
    has_started_anew = binding.call_id != last.binding.call_id
    has_registered = binding.registered_at != last.binding.registered_at
    match last.result:
        case Result.TOLD:
            return has_started_anew or counts != last.counts
        case Result.REFUSED:
            return has_started_anew
        case Result.NOT_ANSWERED:
            return has_registered
        case Result.FAILED:
            return has_registered or counts != last.counts


def write_summary(counts: MessageCounts, account: str) -> bytes:
    """The body (RFC 3842 5.2): `account` is the URI to call for the messages. We have no urgent ones: `(0/0)`."""
    lines = (
        f"Messages-Waiting: {'yes' if counts.new else 'no'}",
        f"Message-Account: {account}",
        f"Voice-Message: {counts.new}/{counts.old} (0/0)",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()


def make_notify(
    binding: Binding, counts: MessageCounts, *, extension: str, account_number: str, domain: str, call_id: str, tag: str
) -> Request:
    """The NOTIFY for the phone of `extension` behind `binding`; `account_number` is what it dials for its messages."""
    own = str(SipUri("sip", extension, None, domain))
    account = str(SipUri("sip", account_number, None, domain))
    contact = f"<sip:{write_hostport(*binding.flow.local)}>"
    headers = Headers(
        [
            ("Max-Forwards", MAX_FORWARDS),
            ("From", str(NameAddr("", own, (("tag", tag),)))),
            ("To", str(NameAddr("", own))),
            ("Call-ID", call_id),
            ("CSeq", "1 NOTIFY"),
            ("Contact", contact),
            *(("Route", hop) for hop in binding.path),
            ("Event", "message-summary"),
            ("Subscription-State", "active"),
            ("Content-Type", CONTENT_TYPE),
        ]
    )
    return Request("NOTIFY", binding.request_uri, headers, write_summary(counts, account))
