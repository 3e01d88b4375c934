"""Announcement: the caller hears a prompt to its end."""

from pbx.call.application import ApplicationCall


async def announcement(call: ApplicationCall) -> str:
    """Says the option `prompt`; the outcome is "next"."""
    await call.answer()
    await call.play(call.options["prompt"])
    return "next"
