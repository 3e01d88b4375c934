"""Two answered legs: what either phone asks for while they talk."""

import trio

from pbx.call import digit_relay
from pbx.call.call import Call
from pbx.call.dialog_request import hear_request
from pbx.call.leg import Leg
from pbx.call.outbound import settle_cancelled
from pbx.sip.events import AckTimedOut, Event, RequestReceived, ResponseReceived, TimedOut


async def talk(call: Call) -> None:
    """Until either side hangs up."""
    async with trio.open_nursery() as nursery:
        digit_relay.start(call, nursery)
        while call.state.phase == "talking":
            leg, event = await call.next()
            await hear(call, leg, event)
        nursery.cancel_scope.cancel()


async def hear(call: Call, leg: Leg, event: Event) -> None:
    """Anything that can happen to an answered call; what comes from phones that rang in vain is settled too."""
    match event:
        case RequestReceived():
            await hear_request(call, leg, event)
        case AckTimedOut() if leg.is_up:
            leg.let_go_invite()
            call.end("system", None, f"the {leg.state.role} never acknowledged our answer")
        case ResponseReceived(_, response) if leg.state.phase == "cancelling":
            settle_cancelled(call, leg, response)
        case TimedOut() if leg.state.phase == "cancelling":
            call.leg_ended(leg, 408, "system", "no answer to our CANCEL")
