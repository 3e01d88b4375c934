"""A menu: says a prompt, takes digits, and ends with what was chosen.

| step   | data                                       | goes on with                 |
|--------|--------------------------------------------|------------------------------|
| ""     |                                            | the answer                   |
| asking | tries: how often the prompt has been said, | the prompt from its start    |
|        | heard: "1" if anything was ever pressed    |                              |
"""

from contextlib import suppress

from pbx.apps.menu.choices import meaning
from pbx.call.application import ApplicationCall
from pbx.media.interface import Digits

BETWEEN_S = 2.0  # after a digit that may be the first of several: a slow finger's pause
STRAY_S = 0.7  # between the digits of somebody who dials a number that the menu does not have


async def menu(call: ApplicationCall) -> str:
    """The outcome is one of the option `digits`; "timeout", or "invalid" where only wrong ones were pressed."""
    await call.answer()
    choices = call.options["digits"].split()
    tries, has_pressed = int(call.data.get("tries", "0")), call.data.get("heard") == "1"
    before: list[str] = []
    while tries < int(call.options["tries"]):
        await call.enter("asking", tries=str(tries), heard="1" if has_pressed else "0")
        with call.listening() as digits:
            pressed = await _choose(call, digits, choices, before)
            if pressed in choices:
                return pressed
            if pressed:
                await _let_finish(digits)
        tries += 1
        # Said with the next question: who knows better by now need not hear it out.
        before = ["menu-invalid"] if pressed else []
        has_pressed = has_pressed or bool(pressed)
    await call.play(*before)
    return "invalid" if has_pressed else "timeout"


async def _choose(call: ApplicationCall, digits: Digits, choices: list[str], before: list[str]) -> str:
    """What the caller pressed, "" for nothing; a longer choice is waited for as long as it may still come."""
    pressed = await call.ask(digits, *before, call.options["prompt"], wait_s=float(call.options["wait_s"])) or ""
    while pressed and meaning(pressed, choices) in ("begun", "may-go-on"):
        try:
            pressed += await digits.next(timeout_s=BETWEEN_S)
        except TimeoutError:
            break
    return pressed


async def _let_finish(digits: Digits) -> None:
    """A number that leads nowhere is one mistake, not one with each of its digits."""
    with suppress(TimeoutError):
        while True:
            await digits.next(timeout_s=STRAY_S)
