"""What the Contact fields of a REGISTER ask for, checked and in our own terms (RFC 3261 10.2, RFC 3327). Pure.

Everything that is kept is checked here, once: that it is a SIP URI, that it is short, and that it is UTF-8 (what cannot
be written down could not be restored either).
"""

import re

from msgspec import Struct

from pbx.registrar.policy import RegistrarPolicy
from pbx.sip.errors import BadMessage
from pbx.sip.headers import NameAddr, Params, write_params
from pbx.sip.message import Request
from pbx.sip.uri import SipUri

CONTACTS_PER_REQUEST_MAX = 32  # phones send one or two; beyond: 400
CONTACT_LENGTH_MAX = 1024  # characters, parameters included; WebRTC and push parameters need some hundred; beyond: 400
CALL_ID_LENGTH_MAX = 256  # characters; beyond: 400
PATH_HOPS_MAX = 8  # beyond: 400
PATH_LENGTH_MAX = 2048  # characters, all hops together; beyond: 400
USER_AGENT_LENGTH_MAX = 120  # characters; beyond: cut, it is for people only

EVERYTHING = "*"

_Q = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")  # qvalue, RFC 3261 25.1


class WantedContact(Struct, frozen=True):
    """One Contact value. `expires_s` 0 takes the binding away."""

    text: str
    uri: SipUri
    expires_s: int
    params: Params
    q: float


class Wanted(Struct, frozen=True):
    """All that a REGISTER asks for. Neither contacts nor `removes_all`: it only asks what is registered."""

    call_id: str
    cseq: int
    contacts: tuple[WantedContact, ...]
    removes_all: bool
    path: tuple[str, ...]
    user_agent: str


def read_wanted(request: Request, policy: RegistrarPolicy) -> Wanted:
    """Raises BadMessage (400) where what is asked cannot be understood or kept."""
    contacts = request.contacts
    removes_all = any(contact.uri == EVERYTHING for contact in contacts)
    if removes_all and (len(contacts) > 1 or request.expires != 0):
        raise BadMessage("Contact * stands alone and with Expires: 0")
    if len(contacts) > CONTACTS_PER_REQUEST_MAX:
        raise BadMessage(f"more than {CONTACTS_PER_REQUEST_MAX} Contacts")
    return Wanted(
        call_id=_kept(request.call_id, "Call-ID", CALL_ID_LENGTH_MAX),
        cseq=request.cseq.number,
        contacts=() if removes_all else tuple(_read_contact(contact, request, policy) for contact in contacts),
        removes_all=removes_all,
        path=_read_path(request),
        user_agent=_printable(request.headers.first("User-Agent") or "")[:USER_AGENT_LENGTH_MAX],
    )


def _read_contact(contact: NameAddr, request: Request, policy: RegistrarPolicy) -> WantedContact:
    _kept(contact.uri + write_params(contact.params), "Contact", CONTACT_LENGTH_MAX)
    try:
        uri = contact.sip_uri
    except BadMessage as bad:
        raise BadMessage(f"Contact: {bad.reason}") from None
    q = contact.param("q")
    return WantedContact(
        text=contact.uri,
        uri=uri,
        expires_s=_expires_s(contact.param("expires"), request.expires, policy),
        params=tuple((name, value) for name, value in contact.params if name.lower() != "expires"),
        q=float(q) if q is not None and _Q.fullmatch(q) else 1.0,
    )


def _expires_s(param: str | None, header_s: int | None, policy: RegistrarPolicy) -> int:
    """The parameter, else the header, else the default; one that cannot be read counts as absent (10.2.1.1)."""
    if param is not None and param.isascii() and param.isdigit():
        return min(int(param.lstrip("0")[:12] or "0"), policy.expires_max_s)
    if header_s is not None:
        return min(header_s, policy.expires_max_s)
    return max(policy.expires_min_s, min(policy.expires_default_s, policy.expires_max_s))


def _read_path(request: Request) -> tuple[str, ...]:
    """The Path of the proxies on the way, if the phone says that it understands one (RFC 3327 5.3)."""
    if not supports(request, "path"):
        return ()
    hops = [hop for line in request.headers.all("Path") for hop in NameAddr.parse_many(line)]
    if len(hops) > PATH_HOPS_MAX:
        raise BadMessage(f"Path: more than {PATH_HOPS_MAX} hops")
    path = tuple(map(str, hops))
    _kept(", ".join(path), "Path", PATH_LENGTH_MAX)
    return path


def supports(request: Request, option: str) -> bool:
    """Whether the option tag stands in Supported."""
    return any(tag.strip().lower() == option for line in request.headers.all("Supported") for tag in line.split(","))


def _kept(text: str, header: str, length_max: int) -> str:
    if len(text) > length_max:
        raise BadMessage(f"{header}: longer than {length_max} characters")
    if _printable(text) != text:
        raise BadMessage(f"{header}: not UTF-8")
    return text


def _printable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
