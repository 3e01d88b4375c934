"""A caller with an application: the application's coroutine beside the inbox, both gone when either ends."""

import trio

from pbx.call import b2bua, inbound
from pbx.call.call import Call
from pbx.routing.step import Finished
from pbx.sip.events import CancelReceived


class ApplicationCall:
    """What an application may do with its call. The caller's hang-up cancels whatever it waits for."""

    def __init__(self, call: Call) -> None:
        self._call = call

    @property
    def step(self) -> str:
        """Where the application is: "" at first, then what `enter` said, also in the process that goes on with it."""
        return self._call.state.step

    async def enter(self, step: str) -> None:
        """Names the step that begins, from which the application can start again elsewhere."""
        self._call.state.step = step
        await self._call.save()

    async def answer(self) -> None:
        """Answers the caller, unless that has happened."""
        await inbound.answer(self._call)

    def echo(self) -> None:
        """The caller hears themselves."""
        self._call.services.media.echo(self._call.caller.media)

    async def wait_hang_up(self) -> None:
        """For ever: the hang-up cancels it."""
        await trio.sleep_forever()


async def run_application(call: Call) -> None:
    """Until the application returns or the caller hangs up."""
    application = call.services.applications[call.state.application]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_listen, call, nursery.cancel_scope)
        await application(ApplicationCall(call))
        nursery.cancel_scope.cancel()
    if call.state.phase == "application":
        call.state.phase, call.state.next_event = "routing", Finished()


async def _listen(call: Call, scope: trio.CancelScope) -> None:
    while call.state.phase == "application":
        leg, event = await call.next()
        if not call.caller.is_up and isinstance(event, CancelReceived):
            call.end("caller", 487, "the caller hung up before the answer")
        else:
            await b2bua.hear(call, leg, event)
    scope.cancel()
