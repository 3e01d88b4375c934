"""The INVITE that a callee's phone gets: nothing in it tells of the caller's own addresses or dialog."""

from pbx.call import offer_answer
from pbx.call.call import Call
from pbx.call.leg import ALLOW, SDP, Leg
from pbx.registrar.binding import Binding
from pbx.sip.headers import NameAddr
from pbx.sip.message import Headers, Request
from pbx.sip.uri import SipUri

MAX_FORWARDS = 70  # RFC 3261 8.1.1.6


def make_invite(call: Call, leg: Leg, binding: Binding) -> Request:
    """For the phone behind `binding`, with our offer in it."""
    facts = call.state.facts
    domain = next(iter(call.tenant.domains), leg.state.flow.local[0])  # or none at all, as its phones dial
    started = call.state.started
    caller = NameAddr(
        started.from_name, str(SipUri("sip", facts.from_number, None, domain)), (("tag", leg.state.token),)
    )
    headers = Headers(
        [
            ("Max-Forwards", str(call.state.hops_left)),
            ("From", str(caller)),
            ("To", str(NameAddr("", str(SipUri("sip", leg.state.party, None, domain))))),
            ("Call-ID", call.services.token()),
            ("CSeq", "1 INVITE"),
            ("Contact", leg.contact),
            *(("Route", route) for route in binding.path),
            ("Allow", ALLOW),
            ("User-Agent", call.services.product),
            ("Content-Type", SDP),
        ]
    )
    offer = offer_answer.make_offer(leg, call.services.codecs, other=call.caller)
    return Request("INVITE", binding.request_uri, headers, offer.encode())
