"""A streamed answer that closes what it streams, however it ends: the client may leave, or cease to read, halfway.

Otherwise that would be left to the garbage collector, and until then a place, or a file, stays taken.
"""

from collections.abc import AsyncGenerator
from typing import Any

import anyio
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class ClosingResponse(StreamingResponse):
    """See the module."""

    def __init__(self, content: AsyncGenerator[bytes, None], *positional: Any, **named: Any) -> None:
        super().__init__(content, *positional, **named)
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):  # it has nothing to wait for but its own end
                await self._content.aclose()
