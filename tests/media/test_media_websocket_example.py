"""The example in examples/websocket_call.py against a WebSocket server of this test: heard, answered, interrupted."""

import asyncio
import importlib.util
from pathlib import Path
from types import ModuleType

import mediacore.asyncio
import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

import mediacore as mc
from tests.support.media_bench import WAIT_S, loudest_hz, port_range

EXAMPLE = Path(__file__).parents[2] / "examples" / "websocket_call.py"
RATE_HZ = 16_000


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("websocket_call", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Bot:
    """Hears a second of the caller, then talks for half a minute, and is interrupted when the caller's tone ends."""

    def __init__(self) -> None:
        self.heard = np.zeros(0, dtype=np.int16)
        self.interrupt = asyncio.Event()

    async def __call__(self, socket: ServerConnection) -> None:
        async for message in socket:
            assert isinstance(message, bytes)
            self.heard = np.concatenate([self.heard, np.frombuffer(message, dtype=np.int16)])
            if len(self.heard) >= 2 * RATE_HZ:
                break
        moments = np.arange(30 * RATE_HZ) / RATE_HZ
        speech = (8000 * np.sin(2 * np.pi * 1000 * moments)).astype(np.int16).tobytes()
        for begin in range(0, len(speech), 6400):
            await socket.send(speech[begin : begin + 6400])
        await self.interrupt.wait()
        await socket.send("interrupt")
        await socket.wait_closed()


def test_a_call_is_answered_sent_to_a_websocket_and_interrupted():
    async def main() -> None:
        bot = Bot()
        async with (
            serve(bot, "127.0.0.1", 0) as server,
            mediacore.asyncio.Engine(ports=port_range(20), threads=1) as engine,
            mediacore.asyncio.Engine(ports=port_range(20), threads=1) as phones,
            phones.leg() as phone,
        ):
            (port,) = {socket.getsockname()[1] for socket in server.sockets}
            call = asyncio.create_task(
                example().answer_call(engine, phone.offer, phone.accept, f"ws://127.0.0.1:{port}")
            )
            with phone.watching(1000.0) as tones, phone.plain.play_tone(440):
                assert isinstance(await tones.next(timeout_s=WAIT_S), mc.ToneStarted)
                bot.interrupt.set()
                ended = await tones.next(timeout_s=WAIT_S)
                assert isinstance(ended, mc.ToneEnded)
                assert ended.duration_ms < 10_000, "far from the thirty seconds that were sent"
            assert loudest_hz(bot.heard[RATE_HZ:]) * 2 == pytest.approx(440, abs=5), "loudest_hz() reckons at 8 kHz"
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(asyncio.wait_for(main(), 4 * WAIT_S))
