"""A browser's connection, let go when it asks for nothing: there are so many places, and uvicorn keeps one for whoever
connects and says nothing, or half of a request's head, for as long as they like.
"""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

ASK_S = 10.0  # from the connection, or from the first byte of a further request, to the end of the request's head


class Connection(H11Protocol):
    """uvicorn's, with ASK_S. What comes after the head has limits of its own (`guard.py`)."""

    _asks_by: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A browser has come."""
        super().connection_made(transport)
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        """It says something."""
        self._expect_request()
        super().data_received(data)
        if self._is_asked():
            self._stop_expecting()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._stop_expecting()
        super().connection_lost(exc)

    def _is_asked(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect_request(self) -> None:
        if self._asks_by is None and not self._is_asked():
            self._asks_by = self.loop.call_later(ASK_S, self._let_go)

    def _stop_expecting(self) -> None:
        if self._asks_by is not None:
            self._asks_by.cancel()
            self._asks_by = None

    def _let_go(self) -> None:
        self._asks_by = None
        self.transport.abort()
