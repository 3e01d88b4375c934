"""REGISTER requests for the registrar's tests, with a phone's usual headers."""

from collections.abc import Iterable

from pbx.sip.flow import Flow
from pbx.sip.message import Headers, Request

FLOW = Flow("udp", ("198.51.100.1", 5060), ("203.0.113.5", 40_000))
OTHER_FLOW = Flow("udp", ("198.51.100.1", 5060), ("203.0.113.9", 40_009))


def register_request(
    *contacts: str,
    cseq: int = 1,
    call_id: str = "phone-1",
    expires: int | str | None = None,
    headers: Iterable[tuple[str, str]] = (),
) -> Request:
    """A REGISTER from extension 101 with one Contact header for each of `contacts`."""
    fields = [
        ("Via", "SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK776;rport"),
        ("From", "<sip:101@herons.example>;tag=a48s"),
        ("To", "<sip:101@herons.example>"),
        ("Call-ID", call_id),
        ("CSeq", f"{cseq} REGISTER"),
        *(("Contact", contact) for contact in contacts),
        *headers,
    ]
    if expires is not None:
        fields.append(("Expires", str(expires)))
    return Request("REGISTER", "sip:herons.example", Headers(fields))
