"""The four transaction machines of RFC 3261 17, corrected by RFC 6026. No socket, clock or task in any of them."""

from pbx.sip.transaction.client_invite import ClientInvite
from pbx.sip.transaction.client_other import ClientOther
from pbx.sip.transaction.outputs import CancelDue, Deliver, GaveUp, Output, Send
from pbx.sip.transaction.server_invite import ServerInvite
from pbx.sip.transaction.server_other import ServerOther
from pbx.sip.transaction.state import State
from pbx.sip.transaction.timers import Timers

__all__ = [
    "CancelDue",
    "ClientInvite",
    "ClientOther",
    "Deliver",
    "GaveUp",
    "Output",
    "Send",
    "ServerInvite",
    "ServerOther",
    "State",
    "Timers",
]
