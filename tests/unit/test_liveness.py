"""What counts as an answer of the web process, over real sockets of this machine."""

from contextlib import suppress

import pytest
import trio
import trio.testing

from pbx import liveness
from pbx.liveness import answers

ASKED = b"HEAD / HTTP/1.1\r\n"


async def serve(said: list[bytes], asked: list[bytes], *, task_status: trio.TaskStatus[int]) -> None:
    """A server that says that, piece by piece, and closes."""
    async with (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener:
        task_status.started(listener.socket.getsockname()[1])
        while True:
            async with await listener.accept() as stream:
                asked.append(await stream.receive_some(4096))
                with suppress(trio.BrokenResourceError):  # who has heard enough goes
                    for piece in said:
                        await stream.send_all(piece)
                        await trio.testing.wait_all_tasks_blocked()


@pytest.mark.parametrize(
    ("said", "is_alive"),
    [
        ([b"HTTP/1.1 200 OK\r\n\r\n"], True),
        ([b"HTT", b"P/1.1 503 Service Unavailable\r\n"], True),
        ([b"SIP/2.0 200 OK\r\n"], False),
        ([b"x" * 5000], False),
        ([], False),
    ],
)
async def test_any_http_answer_is_a_sign_of_life_and_nothing_else_is(nursery, said, is_alive):
    asked: list[bytes] = []
    port = await nursery.start(serve, said, asked)
    assert await answers(f"http://127.0.0.1:{port}") is is_alive
    assert asked[0].startswith(ASKED)
    assert f"Host: 127.0.0.1:{port}\r\n".encode() in asked[0]


async def test_nobody_there_is_no_answer():
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    assert not await answers(f"http://127.0.0.1:{port}")


async def test_silence_is_no_answer(monkeypatch):
    monkeypatch.setattr(liveness, "ANSWER_S", 0.05)
    async with (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener:
        assert not await answers(f"http://127.0.0.1:{listener.socket.getsockname()[1]}")
