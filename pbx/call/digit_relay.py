"""Digits for phones that agreed to no telephone-event: what the other side presses reaches them by INFO.

Between two phones that have telephone-events the engine passes digits on by itself, whichever way they came.
"""

import trio

from pbx.call import digit_info
from pbx.call.call import Call
from pbx.call.digit_info import BadDigit, InfoDigit
from pbx.call.leg import Leg
from pbx.call.wire_text import readable
from pbx.media.interface import Digits
from pbx.sip.events import RequestReceived

TELEPHONE_EVENT = "telephone-event/"


def hear_info(leg: Leg, event: RequestReceived) -> None:
    """Answers an INFO; a digit in it is told to whoever listens to the leg, as if it had come as sound."""
    request = event.request
    media_type = (request.content_type or "").partition(";")[0].strip().lower()
    if not request.body:
        leg.respond(event, 200)  # RFC 2976: it asks whether we are still there
        return
    if media_type not in digit_info.MEDIA_TYPES:
        leg.respond(event, 415)
        return
    try:
        pressed = digit_info.read_digit(media_type, request.body)
    except BadDigit as error:
        leg.respond(event, 400, reason=readable(f"No digit: {error}"))
        return
    leg.respond(event, 200)
    if leg.is_up:
        leg.media.press(pressed.digit, duration_ms=pressed.duration_ms)


def start(call: Call, nursery: trio.Nursery) -> None:
    """From here on each phone of a talking pair that needs INFO is told what the other presses."""
    for leg in call.legs.values():
        other = call.other(leg)
        if leg.is_up and other is not None and not has_events(other):
            nursery.start_soon(_relay, leg, other)


def has_events(leg: Leg) -> bool:
    """Whether digits can be sent to the phone in its stream."""
    stream = leg.state.stream
    return stream is not None and any(TELEPHONE_EVENT in codec.lower() for codec in stream.codecs)


async def _relay(leg: Leg, other: Leg) -> None:
    with leg.media.listening() as digits:
        await _pass_on(digits, other)


async def _pass_on(digits: Digits, other: Leg) -> None:
    while True:
        other.send_digit(InfoDigit(await digits.next()))
