"""The web process's API answered from memory: what the portal is shown, without calls, phones or a store.

A test says what there is (`world.calls.append(…)`, then `world.tell("calls")`), and sees what the portal makes of it:
states that would take many phones, hours or a broken server to come about.
Serves the built portal under the strictest Content-Security-Policy that the web process could have. Sign-in is as
strict as the portal can notice and no stricter: it is not what is under test.
"""

import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
POLICY = "default-src 'self'; frame-ancestors 'none'"
LISTS = ("calls", "registrations", "voicemail")
KEEP_ALIVE_S = 15.0
NO_HEADERS: Mapping[str, str] = {}


class Problem(Exception):
    """Becomes a problem+json answer (RFC 9457)."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass
class World:
    """What there is to be seen; JSON objects with the fields that the API's records have."""

    name: str = "admin"
    password: str | None = None
    link_token: str = "once"
    calls: list[dict[str, Any]] = field(default_factory=list)
    registrations: list[dict[str, Any]] = field(default_factory=list)
    voicemail: list[dict[str, Any]] = field(default_factory=list)
    cdrs: list[dict[str, Any]] = field(default_factory=list)  # the newest first
    audio: bytes = b""
    is_call_process_up: bool = True
    broken: set[str] = field(default_factory=set)  # what is asked for in vain: the first part of a path under /api
    sessions: set[str] = field(default_factory=set)
    listeners: list["queue.SimpleQueue[str | None]"] = field(default_factory=list)
    is_listened_to: threading.Event = field(default_factory=threading.Event)  # what is told before that, nobody hears

    def tell(self, event: str, data: Any = None) -> None:
        """Sends a live event to every portal: for a list the whole of it, otherwise `data`."""
        text = event_text(event, getattr(self, event) if event in LISTS else data)
        for listener in list(self.listeners):
            listener.put(text)

    def end_streams(self) -> None:
        """Ends the live connections, as a web process that goes away does."""
        for listener in list(self.listeners):
            listener.put(None)


def event_text(event: str, data: Any) -> str:
    return f"event: {event}\ndata: {json.dumps(data)}\n\n"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: ClassVar[World]
    static: ClassVar[Path]

    def handle(self) -> None:
        with suppress(ConnectionError):  # the browser left
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a failing test has the browser's own log."""

    def do_GET(self) -> None:
        self._answer(self._read)

    def do_POST(self) -> None:
        self._answer(self._change)

    do_PUT = do_DELETE = do_POST

    def _answer(self, work: Callable[[], None]) -> None:
        url = urlsplit(self.path)
        self.parts = [unquote(part) for part in url.path.strip("/").split("/")]
        self.query = {name: values[0] for name, values in parse_qs(url.query).items()}
        try:
            if self.parts[1:2] and self.parts[1] in self.world.broken:
                raise Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "a mistake of ours; the log of the server has it")
            work()
        except Problem as problem:
            body = {"type": "about:blank", "title": problem.status.phrase, "status": problem.status}
            body["detail"] = problem.detail
            self._send(json.dumps(body).encode(), "application/problem+json", problem.status)

    def _send(
        self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] = NO_HEADERS
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Security-Policy": POLICY, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _json(self, value: Any, headers: Mapping[str, str] = NO_HEADERS) -> None:
        self._send(json.dumps(value).encode(), "application/json", headers=headers)

    def _body(self) -> dict[str, Any]:
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return dict(json.loads(text or b"{}"))

    def _must_be_signed_in(self) -> None:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("pbx_session")
        if cookie is None or cookie.value not in self.world.sessions:
            raise Problem(HTTPStatus.UNAUTHORIZED, "not signed in")

    # -- what is read --------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        if self.parts[0] == "api":
            self._must_be_signed_in()
        match self.parts[1:]:
            case _ if self.parts[0] != "api":
                self._file()
            case ["me"]:
                self._json(self._me())
            case ["live"]:
                self._stream()
            case ["cdrs"]:
                self._json(self._cdr_page())
            case ["cdrs", call_id]:
                self._json(self._one(self.world.cdrs, id=call_id))
            case ["voicemail", box, message_id, "audio"]:
                self._one(self.world.voicemail, box=box, id=message_id)
                self._send(self.world.audio, "audio/wav")
            case [name] if name in LISTS:
                self._json(getattr(self.world, name))
            case _:
                raise Problem(HTTPStatus.NOT_FOUND, "no such resource")

    def _file(self) -> None:
        path = self.static.joinpath(*self.parts)
        path = path if path.is_file() else self.static / "index.html"
        self._send(path.read_bytes(), TYPES[path.suffix])

    def _me(self) -> dict[str, Any]:
        has_password = self.world.password is not None
        me = {"name": self.world.name, "tenant": "demo", "role": "admin"}
        return {**me, "has_password": has_password, "must_set_password": not has_password}

    def _cdr_page(self) -> dict[str, Any]:
        first = int(self.query.get("after", 0))
        end = first + int(self.query.get("limit", 50))
        return {"cdrs": self.world.cdrs[first:end], "next": str(end) if end < len(self.world.cdrs) else None}

    def _one(self, records: list[dict[str, Any]], **wanted: str) -> dict[str, Any]:
        for record in records:
            if wanted.items() <= record.items():
                return record
        raise Problem(HTTPStatus.NOT_FOUND, "there is none with this id")

    def _stream(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        listener: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        listener.put(event_text("connection", {"call_process": "up" if self.world.is_call_process_up else "down"}))
        self.world.listeners.append(listener)
        self.world.is_listened_to.set()
        try:
            while (text := self._next(listener)) is not None:
                self.wfile.write(text.encode())
                self.wfile.flush()
        finally:
            self.world.listeners.remove(listener)

    def _next(self, listener: "queue.SimpleQueue[str | None]") -> str | None:
        try:
            return listener.get(timeout=KEEP_ALIVE_S)
        except queue.Empty:
            return ": still here\n\n"

    # -- what is changed -----------------------------------------------------------------------------------------------

    def _change(self) -> None:
        body = self._body()
        if self.headers.get("X-Requested-With") != "pbx":
            raise Problem(HTTPStatus.FORBIDDEN, "the header X-Requested-With is missing")
        match [self.command, *self.parts[1:]]:
            case ["POST", "sign-in", "link"]:
                self._sign_in_by_link(body["token"])
            case ["POST", "sign-in"]:
                self._sign_in(body)
            case ["POST", "sign-out"]:
                self.world.sessions.clear()
                self._json({})
            case _:
                self._must_be_signed_in()
                self._change_signed_in(body)

    def _change_signed_in(self, body: dict[str, Any]) -> None:
        match [self.command, *self.parts[1:]]:
            case ["PUT", "me", "password"]:
                self._set_password(body)
            case ["PUT", "voicemail", box, message_id]:
                message = self._one(self.world.voicemail, box=box, id=message_id)
                message["heard"] = body["heard"]
                self._json(message)
            case ["DELETE", "voicemail", box, message_id]:
                self.world.voicemail.remove(self._one(self.world.voicemail, box=box, id=message_id))
                self._send(b"", "application/json", HTTPStatus.NO_CONTENT)
            case _:
                raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, "this cannot be done here")

    def _sign_in_by_link(self, token: str) -> None:
        if token != self.world.link_token:
            raise Problem(HTTPStatus.GONE, "this link was used already, or is too old")
        self.world.link_token = ""
        self._begin_session()

    def _sign_in(self, body: dict[str, Any]) -> None:
        if self.world.password is None or (body["name"], body["password"]) != (self.world.name, self.world.password):
            raise Problem(HTTPStatus.UNAUTHORIZED, "the name or the password is wrong")
        self._begin_session()

    def _begin_session(self) -> None:
        session = f"session-{len(self.world.sessions)}"
        self.world.sessions.add(session)
        cookie = f"pbx_session={session}; HttpOnly; SameSite=Strict; Path=/"
        self._json({}, {"Set-Cookie": cookie})

    def _set_password(self, body: dict[str, Any]) -> None:
        if self.world.password is not None and body["current"] != self.world.password:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the current password is wrong")
        self.world.password = body["password"]
        self._send(b"", "application/json", HTTPStatus.NO_CONTENT)


@contextmanager
def stand_in(world: World, static: Path, *, port: int = 0) -> Iterator[str]:
    """Serves `world` and the portal in `static` until left; gives the address that a browser opens."""
    handler = type("Handler", (_Handler,), {"world": world, "static": static})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            world.end_streams()
            server.shutdown()
            thread.join()
