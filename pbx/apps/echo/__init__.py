"""Echo: the caller hears themselves, which tells at once whether audio passes both ways."""

from pbx.call.application import ApplicationCall


async def echo(call: ApplicationCall) -> str:
    """Until the caller hangs up."""
    await call.answer()
    call.echo()
    await call.wait_hang_up()
    return ""
