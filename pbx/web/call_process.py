"""The call process as the web process sees it: a Bus that may be away and comes back by itself.

`run` holds one connection and one subscription, for all tenants together, and connects again when it breaks. Whoever
asks meanwhile gets BusUnavailable at once: a page must not hang because calls are elsewhere. Signals come only while
somebody looks (`listen`): telling of each step of each call costs both processes.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import anyio
import structlog

from pbx.bus.interface import EVERY_TENANT, Bus, BusError, BusUnavailable, Signal
from pbx.tenants.scope import TenantScope

REQUEST_S = 3.0  # how long a page waits for an answer
EVERYTHING = ">"
NOTHING = "nothing"  # a subject that nobody speaks of: to listen to it is to hear when the connection breaks
RECONNECT_MIN_S, RECONNECT_MAX_S = 0.2, 2.0  # doubled with each failure in a row

log = structlog.get_logger()


class CallProcess:
    """`connect` opens a Bus; it may raise BusUnavailable. `is_up` says whether there is one now."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Bus]], *, region: str) -> None:
        self.breaks = 0  # connections that ended, counted
        self._connect = connect
        self._everyone = TenantScope(EVERY_TENANT, region)
        self._bus: Bus | None = None
        self._wanted = NOTHING
        self._listening: anyio.CancelScope | None = None  # around the subscription that there is

    @property
    def is_up(self) -> bool:
        """Whether requests have somebody to go to."""
        return self._bus is not None

    async def request(self, scope: TenantScope, name: str, payload: bytes = b"") -> bytes:
        """The answer to a command. Raises BusError."""
        if self._bus is None:
            raise BusUnavailable("the call process is away")
        return await self._bus.request(scope, name, payload, timeout_s=REQUEST_S)

    def listen(self, *, is_wanted: bool) -> None:
        """Whether somebody looks, who wants to hear of changes."""
        wanted = EVERYTHING if is_wanted else NOTHING
        if wanted != self._wanted:
            self._wanted = wanted
            if self._listening is not None:
                self._listening.cancel()

    async def run(self, on_signal: Callable[[Signal], None], on_change: Callable[[], None]) -> None:
        """Until cancelled: hands on every signal of every tenant while that is wanted.

        Calls `on_change` when `is_up` has changed, and when listening has begun: what was said before was not heard.
        """
        wait_s = RECONNECT_MIN_S
        while True:
            try:
                async with self._connect() as bus:
                    log.info("connected to the call process")
                    while True:
                        with anyio.CancelScope() as self._listening:
                            async with bus.subscribe(self._everyone, self._wanted) as signals:
                                self._bus, wait_s = bus, RECONNECT_MIN_S
                                on_change()
                                async for signal in signals:
                                    on_signal(signal)
            except (BusError, OSError) as error:
                if self.is_up:
                    self.breaks += 1
                    log.warning("the call process is away", error=str(error))
            finally:
                self._bus = None
                on_change()
            await anyio.sleep(wait_s)
            wait_s = min(2 * wait_s, RECONNECT_MAX_S)
