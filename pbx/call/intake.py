"""A new INVITE becomes a call, or is refused with a reason before anything rings."""

from mediacore import sdp
from pbx.call import offer_answer
from pbx.call.call import Call, Services, new_state
from pbx.call.invite import MAX_FORWARDS
from pbx.call.wire_text import readable
from pbx.media.interface import NoMediaPorts
from pbx.routing.step import Facts
from pbx.sip.errors import BadMessage
from pbx.sip.events import RequestReceived
from pbx.sip.message import Request
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Extension, SrtpUse, Tenant


class Refused(Exception):
    """This INVITE makes no call. `retry_after_s` where coming back later may help."""

    def __init__(self, status: int, reason: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
        self.retry_after_s = retry_after_s


def begin(event: RequestReceived, tenant: Tenant, scope: TenantScope, caller: Extension, services: Services) -> Call:
    """The call that an authenticated `caller` asks for, its INVITE not answered yet. Raises Refused, BadMessage."""
    request = event.request
    hops_left = request.max_forwards if request.max_forwards is not None else MAX_FORWARDS
    offer = _offer(request, services, tenant.srtp_of(caller.number))
    to = readable(request.sip_uri.user or "")
    facts = Facts(
        from_number=caller.number,
        to_number=to,
        at=services.wall(),
        time_zone=tenant.time_zone,
        registered=services.bindings.registered(scope, services.wall()),
    )
    state = new_state(
        services.token(), tenant, scope, facts, from_name=caller.name, sip_call_id=readable(request.call_id)
    )
    state.hops_left = hops_left - 1
    call = Call(state, tenant, services)
    try:
        leg = call.add_leg("caller", caller.number, readable(request.from_.uri), event.flow)
    except NoMediaPorts as error:
        raise Refused(503, f"No media ports: {error}", retry_after_s=5) from error
    leg.state.description.remote = offer
    try:
        leg.receive_invite(event)
    except BadMessage:
        leg.close()
        raise
    return call


def _offer(request: Request, services: Services, srtp: SrtpUse) -> str:
    """The INVITE's SDP, "" where it has none: then we offer, and the ACK answers (RFC 3261 13.2.1)."""
    offer = offer_answer.sdp_of(request)
    if not offer:
        return ""
    try:
        offer_answer.check_offer(offer, services.codecs, srtp)
    except sdp.NoCommonCodec as error:
        raise Refused(488, readable(f"No Common Codec: {error}")) from error
    except sdp.SdpError as error:
        raise Refused(400, readable(f"Bad SDP: {error}")) from error
    return offer
