"""A conference: the caller gives the PIN if there is one, and is in a room where everybody hears everybody else.

| step   | data               | goes on with              |
|--------|--------------------|---------------------------|
| ""     |                    | the answer                |
| pin    | tries: so far      | asking for the PIN        |
| inside | muted: "1" or "0"  | the room, without a word  |

Inside, * mutes the caller and lets them speak again. Who gives wrong PINs, in however many calls, is soon let try no
more for a while (`security/pin_guard.py`): only that caller, for the others need the room.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hmac import compare_digest

import structlog
import trio

from pbx.apps.conference.rooms import Room, Rooms
from pbx.call.application import ApplicationCall
from pbx.security.pin_guard import PinGuard
from pbx.tenants.scope import TenantScope

log = structlog.get_logger()

PIN_TRIES_MAX = 3
PIN_WAIT_S = 8.0  # for a digit
PIN_TYPED_S = 30.0  # for all of them
MUTE_KEY = "*"


class Conference:
    """The application; one for all rooms of a process."""

    def __init__(self) -> None:
        self.rooms = Rooms()
        self.guard = PinGuard()

    async def __call__(self, call: ApplicationCall) -> str:
        """In the room until the caller hangs up. The outcomes: "full", or "" where the PIN was not given."""
        await call.answer()
        if call.step != "inside" and not await self._knows_pin(call):
            await call.play("conf-wrong-pin", "goodbye")
            return ""
        members_max = int(call.options["members_max"])
        room = self.rooms.enter(
            call.scope,
            call.options["room"],
            call.id,
            members_max=members_max,
            open_media=lambda: call.open_room(members_max=members_max),
        )
        if room is None:
            await call.play("conf-full")
            return "full"
        with self._inside(call, room):
            await _stay(call, room)
        return ""

    async def _knows_pin(self, call: ApplicationCall) -> bool:
        pin = call.options["pin"]
        before: list[str] = []
        if not pin:
            return True
        for tries in range(int(call.data.get("tries", "0")), PIN_TRIES_MAX):
            await call.enter("pin", tries=str(tries))
            entered = await _enter_pin(call, *before)
            if entered and not self._admits(call):
                return False
            if compare_digest(entered.encode(), pin.encode()):
                self.guard.right(*_door(call))
                return True
            before = ["conf-wrong-pin"]
        return False

    def _admits(self, call: ApplicationCall) -> bool:
        is_admitted = self.guard.admit(*_door(call), call.now())
        if not is_admitted:
            log.warning("room closed to a caller", call=call.id, scope=str(call.scope), from_number=call.from_number)
        return is_admitted

    @contextmanager
    def _inside(self, call: ApplicationCall, room: Room) -> Iterator[None]:
        try:
            yield
        finally:  # however it ends, and whatever the engine says to it
            try:
                call.leave(room.media)
            finally:
                room.tell("conf-left")
                self.rooms.leave(call.scope, room, call.id)


def _door(call: ApplicationCall) -> tuple[TenantScope, str]:
    """What wrong PINs are counted for: the room, as this caller meets it."""
    return call.scope, f"{call.options['room']} from {call.from_number}"


async def _enter_pin(call: ApplicationCall, *before: str) -> str:
    with call.listening() as digits:
        first = await call.ask(digits, *before, "conf-enter-pin", wait_s=PIN_WAIT_S)
        if first in (None, "#"):
            return ""
        return first + await digits.collect(until="#", between_s=PIN_WAIT_S, timeout_s=PIN_TYPED_S)


async def _stay(call: ApplicationCall, room: Room) -> None:
    """For ever. Who comes back to a room after its process died finds it as they left it, without a word."""
    is_muted = call.data.get("muted") == "1"
    is_new = call.step != "inside"
    if is_new:
        await call.play("conf-welcome", *(["conf-only-you"] if len(room.members) == 1 else []))
    await call.enter("inside", muted=str(int(is_muted)))
    call.join(room.media, is_muted=is_muted)
    if is_new:
        room.tell("conf-joined")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_announce, call, room)
        await _take_keys(call, room, is_muted=is_muted)


async def _announce(call: ApplicationCall, room: Room) -> None:
    """Plays what is to be told, where no other member's task does."""
    while True:
        await call.play_to(room.media, await room.next_sound())


async def _take_keys(call: ApplicationCall, room: Room, *, is_muted: bool) -> None:
    with call.listening() as digits:
        pressed: str | None = None
        while True:
            pressed = pressed or await digits.next()
            if pressed != MUTE_KEY:
                pressed = None
                continue
            is_muted = not is_muted
            call.mute(room.media, is_muted=is_muted)
            await call.enter("inside", muted=str(int(is_muted)))
            # A key cuts it short: they must not pile up behind the words about the one before.
            pressed = await call.ask(digits, "conf-muted" if is_muted else "conf-unmuted", wait_s=0)
