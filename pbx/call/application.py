"""A caller with an application: the application's coroutine beside the inbox, both gone when either ends.

An application is a function of an `ApplicationCall`. What it waits for is cancelled when the caller hangs up, so what
must survive that stands in the exit of a context manager. It names its steps by `enter`, and starts with a look at
`step`: in the process that goes on with a call, it begins there.
"""

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import TypeAlias

import structlog
import trio

from pbx.call import b2bua, inbound
from pbx.call.call import Call
from pbx.media.interface import Digits, MediaRoom, Recording
from pbx.routing.step import Finished
from pbx.sip.events import CancelReceived
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Tenant

Sound: TypeAlias = str | Path  # a prompt's name, or a file

log = structlog.get_logger()


class ApplicationCall:
    """What an application may do with its call, and what it may know of it."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._media = call.caller.media

    # -- what is known -------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The call's."""
        return self._call.state.id

    @property
    def scope(self) -> TenantScope:
        """Whose call it is."""
        return self._call.state.scope

    @property
    def tenant(self) -> Tenant:
        """The configuration that the call began with."""
        return self._call.tenant

    @property
    def from_number(self) -> str:
        """Who calls."""
        return self._call.state.facts.from_number

    @property
    def from_name(self) -> str:
        """The name that goes with the number, or ""."""
        return self._call.state.started.from_name

    @property
    def options(self) -> dict[str, str]:
        """What the plan says to the application."""
        return self._call.state.application_options

    def now(self) -> float:
        """Unix seconds."""
        return self._call.services.wall()

    # -- steps ---------------------------------------------------------------------------------------------------------

    @property
    def step(self) -> str:
        """Where the application is: "" at first, then what `enter` said, also in the process that goes on with it."""
        return self._call.state.step

    @property
    def data(self) -> dict[str, str]:
        """What `enter` kept with the step."""
        return self._call.state.step_data

    async def enter(self, step: str, **data: str) -> None:
        """Names the step that begins, from which the application can start again elsewhere, with what that needs."""
        self._call.state.step, self._call.state.step_data = step, data
        await self._call.save()

    # -- deeds ---------------------------------------------------------------------------------------------------------

    async def answer(self) -> None:
        """Answers the caller, unless that has happened."""
        await inbound.answer(self._call)

    async def play(self, *sounds: Sound) -> None:
        """The caller hears prompts and files, one after the other. One that cannot be had is logged and left out."""
        for sound in sounds:
            path = self._path(sound)
            if path is not None:
                await self._media.play(path)

    async def play_tone(self, hz: float, *, duration_ms: int) -> None:
        """The caller hears a sine."""
        await self._media.play_tone(hz, duration_ms=duration_ms)

    def listening(self) -> AbstractContextManager[Digits]:
        """What the caller presses: none is missed while the `with` lasts, also during a prompt."""
        return self._media.listening()

    async def ask(self, digits: Digits, *sounds: Sound, wait_s: float) -> str | None:
        """Plays until the caller presses something: the digit; None if nothing came by `wait_s` after the end."""
        pressed: str | None = None

        async def wait_digit() -> None:
            nonlocal pressed
            pressed = await digits.next()
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_digit)
            await self.play(*sounds)
            await trio.sleep(wait_s)
            nursery.cancel_scope.cancel()
        return pressed

    def recording(
        self, path: Path, *, max_s: float, max_silence_s: float | None = None
    ) -> AbstractAsyncContextManager[Recording]:
        """What the caller says and hears, into a WAV file, while the `with` lasts and until a limit is reached."""
        return self._media.recording(path, max_s=max_s, max_silence_s=max_silence_s)

    def echo(self) -> None:
        """The caller hears themselves."""
        self._call.services.media.echo(self._media)

    def open_room(self, *, members_max: int) -> MediaRoom:
        """A room that nobody is in, for the caller and others to be brought into."""
        return self._call.services.media.open_room(members_max=members_max)

    def join(self, room: MediaRoom, *, is_muted: bool = False) -> None:
        """The caller hears all who are in it, and they the caller. Raises RoomIsFull."""
        room.add(self._media, is_muted=is_muted)

    def mute(self, room: MediaRoom, *, is_muted: bool) -> None:
        """Whether the others in the room hear the caller."""
        room.mute(self._media, is_muted=is_muted)

    async def play_to(self, room: MediaRoom, sound: Sound) -> None:
        """Everybody in the room hears it."""
        path = self._path(sound)
        if path is not None:
            await room.play(path)

    def leave(self, room: MediaRoom) -> None:
        """The caller is in the room no longer."""
        room.remove(self._media)

    async def wait_hang_up(self) -> None:
        """For ever: the hang-up cancels it."""
        await trio.sleep_forever()

    def _path(self, sound: Sound) -> Path | None:
        if isinstance(sound, Path):
            return sound
        try:
            return self._call.services.prompts.path(self.scope, self.tenant.language, sound)
        except LookupError as error:
            log.error("no such prompt", prompt=sound, scope=str(self.scope), error=str(error))
            return None


async def run_application(call: Call) -> None:
    """Until the application returns or the caller hangs up."""
    application = call.services.applications[call.state.application]
    outcome = ""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_listen, call, nursery.cancel_scope)
        outcome = await application(ApplicationCall(call))
        nursery.cancel_scope.cancel()
    if call.state.phase == "application":
        call.state.phase, call.state.next_event = "routing", Finished(outcome)


async def _listen(call: Call, scope: trio.CancelScope) -> None:
    while call.state.phase == "application":
        leg, event = await call.next()
        if not call.caller.is_up and isinstance(event, CancelReceived):
            call.end("caller", 487, "the caller hung up before the answer")
        else:
            await b2bua.hear(call, leg, event)
    scope.cancel()
