"""Connections that ask for nothing, or not to the end, on a real socket: they are let go; those that ask are not."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvicorn

from pbx.web.connection import Connection

ASK_S = 0.2
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
Use = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def application(scope, receive, send):
    """Takes longer than a head may."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await asyncio.sleep(2 * ASK_S)
    await send({"type": "http.response.body", "body": b"ok"})


def serve(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pbx.web.connection.ASK_S", ASK_S)

    async def run() -> None:
        config = uvicorn.Config(application, http=Connection, lifespan="off", log_config=None, ws="none")
        config.load()
        state = uvicorn.server.ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(config, state, {}), "127.0.0.1", 0)
        async with server, asyncio.timeout(20):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            try:
                await use(reader, writer)
            finally:
                writer.close()
                await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    asyncio.run(run())


@pytest.mark.parametrize("said", [b"", b"G", HEAD, HEAD + b"X-More: "])
def test_who_says_nothing_or_half_of_it_is_let_go(said, monkeypatch):
    async def use(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)

    serve(use, monkeypatch)


def test_who_asks_is_answered_however_long_that_takes_and_may_ask_again(monkeypatch):
    async def use(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            writer.write(HEAD + b"\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(2) == b"ok"

    serve(use, monkeypatch)


def test_half_of_a_second_request_is_let_go_too(monkeypatch):
    async def use(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\n")
        await reader.readuntil(b"ok")
        writer.write(HEAD)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)

    serve(use, monkeypatch)
