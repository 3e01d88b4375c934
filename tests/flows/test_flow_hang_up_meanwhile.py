"""A caller hangs up in the very moment in which an application goes on."""

import trio
from structlog.testing import capture_logs

from pbx.call.application import ApplicationCall
from pbx.call.call import Call
from pbx.events.call_events import LegEnded
from tests.support.world import World, open_world


def wake_at_hang_up(world: World, wake: trio.Event) -> None:
    """Sets `wake` while the caller's BYE is being heard: who waits for it runs right after that."""

    def look(call: Call) -> None:
        if isinstance(call.state.history[-1], LegEnded):
            wake.set()

    assert world.server is not None
    world.server.calls.services.observers.append(look)


async def test_an_application_that_goes_on_as_its_caller_hangs_up_makes_no_mistake(autojump_clock):
    async with open_world() as world:
        wake, has_woken = trio.Event(), False

        async def says_something_late(call: ApplicationCall) -> str:
            nonlocal has_woken
            await call.answer()
            await wake.wait()
            has_woken = True
            await call.play("beep")
            raise AssertionError("cancelled before that")

        assert world.server is not None
        world.server.calls.services.applications["echo"] = says_something_late
        wake_at_hang_up(world, wake)
        alice = await world.phone("101")
        call = alice.dial("600")
        assert await call.wait_answered()
        with capture_logs() as logs:
            call.hang_up()
            cdr = await world.only_cdr()
        assert has_woken
        assert (cdr.disposition, cdr.ended_by) == ("answered", "caller")
        assert [entry for entry in logs if entry["log_level"] == "error"] == []
