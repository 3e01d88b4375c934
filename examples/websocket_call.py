"""Sends what a caller says to a WebSocket and plays what comes back; a text message from there ends the playing.

Samples are 16 bits at 16 kHz, mono, both ways: what speech services take and give. `answer_call` is for whoever has the
caller's SDP offer, as a SIP stack has, and must send the answer back.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import mediacore.asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed


async def answer_call(engine: mediacore.asyncio.Engine, offer: str, answer: Callable[[str], None], url: str) -> None:
    """Until the caller's leg or the WebSocket is closed."""
    async with engine.leg(offer=offer) as leg, connect(url) as socket:
        answer(leg.answer or "")
        listening = asyncio.create_task(send_what_is_said(leg, socket))
        with leg.source(rate_hz=16_000, buffer_ms=60_000) as voice:
            async for message in socket:
                if isinstance(message, str):
                    voice.clear()  # the caller has begun to speak: what is not played yet never will be
                else:
                    await voice.write(message)
        listening.cancel()


async def send_what_is_said(leg: mediacore.asyncio.Leg, socket: ClientConnection) -> None:
    """Pieces of 20 ms and more."""
    with leg.tap(rate_hz=16_000) as tap, suppress(ConnectionClosed):
        async for piece in tap:
            await socket.send(piece)
