"""What every request meets first, and every answer last. Looks at headers and sizes, never at what is meant.

| looked at            | refused with | against                                                                     |
|----------------------|--------------|-----------------------------------------------------------------------------|
| Host                 | 421          | DNS rebinding: somebody's page under a name that now leads here             |
| Origin, Sec-Fetch-.. | 403          | CSRF: somebody's page that sends with our user's cookie                     |
| X-Requested-With     | 403          | the same, from browsers that send neither: no form can have it              |
| size of the body     | 413, 408     | memory and time taken by those who are nobody yet                           |
"""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address

import anyio
import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pbx.web.problem import Problem, problem_of

BODY_MAX_BYTES = 64 * 1024  # no request of ours comes near
BODY_S = 10.0  # for all of it to arrive
SEND_MAX_S = 30.0  # for a piece of an answer to go; a client that reads nothing for so long is let go
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
REQUESTED_WITH = "pbx"

# Neither scripts nor styles may be inline: the portal's components bring theirs in files.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

log = structlog.get_logger()


class Guard:
    """Stands before `app`. `host` is the name that the server listens on; addresses and localhost are always ours."""

    def __init__(self, app: ASGIApp, *, host: str) -> None:
        self._app = app
        self._host = host.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        guarded = _GuardedSend(send)
        try:
            self._check(Headers(scope=scope), scope["method"])
            body = await _read_body(Headers(scope=scope), receive)
            await self._app(scope, _replayed(body, receive), guarded)
        except Exception as error:
            problem = problem_of(error)
            if problem.status >= 500 and not guarded.is_stuck:
                log.exception("request broke", method=scope["method"], path=scope["path"])
            if guarded.has_ended:
                return  # with the problem, which the application has answered itself
            if guarded.is_stuck:
                log.info("client reads nothing", path=scope["path"])
            if guarded.has_started:
                raise  # too late for words: the connection is closed, and the client sees that it is not whole
            await problem.response()(scope, receive, guarded)

    def _check(self, headers: Headers, method: str) -> None:
        if not self._is_our_name(headers.get("host", "")):
            raise Problem(421, "this server is not known by that name: use its address, or localhost")
        if method in SAFE_METHODS:
            return
        origin = headers.get("origin")
        if origin is not None and origin not in {f"{scheme}://{headers['host']}" for scheme in ("http", "https")}:
            raise Problem(403, "this was sent by another site's page")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Problem(403, "this was sent by another site's page")
        if headers.get("x-requested-with") != REQUESTED_WITH:
            raise Problem(403, f"changes need the header X-Requested-With: {REQUESTED_WITH}")

    def _is_our_name(self, host: str) -> bool:
        name = host.lower()
        if not name.endswith("]"):
            name = name.rpartition(":")[0] or name
        if name in ("localhost", self._host):
            return True
        try:
            ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            return False
        return True


class _GuardedSend:
    """Adds the headers that every answer has."""

    def __init__(self, send: Send) -> None:
        self.has_started = self.has_ended = self.is_stuck = False
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_started = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        try:
            with anyio.fail_after(SEND_MAX_S):
                await self._send(message)
        except TimeoutError:
            self.is_stuck = True
            raise
        self.has_ended = message["type"] == "http.response.body" and not message.get("more_body", False)


async def _read_body(headers: Headers, receive: Receive) -> bytes:
    too_large = Problem(413, f"a request has at most {BODY_MAX_BYTES} bytes", headers={"Connection": "close"})
    told = headers.get("content-length", "0")
    if not told.isdecimal() or len(told) > 9 or int(told) > BODY_MAX_BYTES:
        raise too_large
    body = bytearray()
    with anyio.move_on_after(BODY_S):
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > BODY_MAX_BYTES:
                raise too_large
            if not message.get("more_body", False):
                return bytes(body)
    raise Problem(408, f"the request was not whole after {BODY_S:g} s", headers={"Connection": "close"})


def _replayed(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """`receive` for the application: the whole body, then whatever else the client does, such as leaving."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_replayed
