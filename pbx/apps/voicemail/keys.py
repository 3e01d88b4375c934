"""What the owner of a mailbox presses, and how often they are asked to."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from pbx.call.application import ApplicationCall
from pbx.media.interface import Digits

KEY_WAIT_S = 5.0  # after the menu
MENUS_MAX = 3  # said in vain; then the caller is gone


class Key(StrEnum):
    """After a message."""

    NONE = ""  # nothing that leads anywhere, however often the menu was said
    AGAIN = "1"
    NEXT = "2"
    DELETE = "3"
    KEEP_NEW = "4"
    GREETING = "9"
    HANG_UP = "#"


class GreetingKey(StrEnum):
    """After a greeting was recorded."""

    NONE = ""
    KEEP = "1"
    HEAR = "2"
    AGAIN = "3"
    USUAL = "0"  # not one's own any more
    LEAVE = "*"  # as it was


async def choose(
    call: ApplicationCall,
    digits: Digits,
    keys: Collection[str],
    menu: str,
    *,
    before: Sequence[str] = (),
    pressed: str | None = None,
) -> str:
    """The first of `keys` that comes, `pressed` being what came already; "" if none does. `before` is said first."""
    for _ in range(MENUS_MAX):
        if pressed in keys and pressed:
            return pressed
        if pressed is not None:
            before = ["menu-invalid"]
        pressed = await call.ask(digits, *before, menu, wait_s=KEY_WAIT_S)
        before = ()
    return pressed if pressed in keys and pressed else ""
