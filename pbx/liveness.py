"""Whether a web process that is there also answers: asked over HTTP, as a browser asks, from time to time.

One that hangs has its socket open, and the kernel goes on taking connections for it. Any answer is a sign of life, a
refusal for lack of room too; no connection, silence and something that is not HTTP are misses.
"""

from urllib.parse import urlsplit

import trio

ASK_EVERY_S = 3.0
ANSWER_S = 3.0  # for the first line of an answer, which takes milliseconds
# In a row, then it hangs: after 18 s at most. A machine that is busy for a moment must not cost everybody the portal.
MISSES_MAX = 3

_LINE_MAX_BYTES = 1024


class Liveness:
    """Of the process at `url`. `misses` counts all that there were."""

    def __init__(self, url: str) -> None:
        self.misses = 0
        self._url = url

    async def wait_hung(self) -> None:
        """Returns once MISSES_MAX questions in a row had no answer."""
        in_a_row = 0
        while in_a_row < MISSES_MAX:
            await trio.sleep(ASK_EVERY_S)
            if await answers(self._url):
                in_a_row = 0
            else:
                in_a_row += 1
                self.misses += 1


async def answers(url: str) -> bool:
    """Whether an HTTP server answers there within ANSWER_S."""
    address = urlsplit(url)
    question = f"HEAD / HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n"
    with trio.move_on_after(ANSWER_S):
        try:
            async with await trio.open_tcp_stream(address.hostname or "", address.port or 80) as stream:
                await stream.send_all(question.encode())
                return (await _first_line(stream)).startswith(b"HTTP/1.")
        except (OSError, trio.BrokenResourceError):
            return False
    return False


async def _first_line(stream: trio.SocketStream) -> bytes:
    line = b""
    while b"\n" not in line and len(line) < _LINE_MAX_BYTES:
        more = await stream.receive_some(_LINE_MAX_BYTES)
        if not more:
            break
        line += more
    return line
