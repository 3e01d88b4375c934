"""A menu: says a prompt, takes digits, and ends with what was chosen.

| step   | data                                       | goes on with                 |
|--------|--------------------------------------------|------------------------------|
| ""     |                                            | the answer                   |
| asking | tries: how often the prompt has been said, | the prompt from its start    |
|        | heard: "1" if anything was ever pressed    |                              |
"""

from pbx.apps.menu.choices import meaning
from pbx.call.application import ApplicationCall
from pbx.media.interface import Digits

BETWEEN_S = 2.0  # after a digit that may be the first of several: a slow finger's pause


async def menu(call: ApplicationCall) -> str:
    """The outcome is one of the option `digits`; "timeout", or "invalid" where only wrong ones were pressed."""
    await call.answer()
    choices = call.options["digits"].split()
    tries, has_pressed = int(call.data.get("tries", "0")), call.data.get("heard") == "1"
    while tries < int(call.options["tries"]):
        await call.enter("asking", tries=str(tries), heard="1" if has_pressed else "0")
        with call.listening() as digits:
            pressed = await _choose(call, digits, choices)
            if pressed in choices:
                return pressed
        tries += 1
        if pressed:
            has_pressed = True
            await call.play("menu-invalid")
    return "invalid" if has_pressed else "timeout"


async def _choose(call: ApplicationCall, digits: Digits, choices: list[str]) -> str:
    """What the caller pressed, "" for nothing; a longer choice is waited for as long as it may still come."""
    pressed = await call.ask(digits, call.options["prompt"], wait_s=float(call.options["wait_s"])) or ""
    while pressed and meaning(pressed, choices) in ("begun", "may-go-on"):
        try:
            pressed += await digits.next(timeout_s=BETWEEN_S)
        except TimeoutError:
            break
    return pressed
