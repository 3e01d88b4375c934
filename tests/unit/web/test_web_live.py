"""Live events: what a client hears, in virtual time, while things change and the call process goes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from pbx.bus.interface import CommandTimedOut
from pbx.bus.subscription import SignalQueue
from pbx.events.live_call import LiveCall
from pbx.web.auth.sign_in import IDLE_MAX_S
from pbx.web.guard import SEND_MAX_S
from pbx.web.live import COMMENT_EVERY_S, LISTENERS_MAX, LISTENERS_OF_TENANT_MAX, LOOK_AGAIN_S, Listener
from tests.support.sample_cdr import sample_cdr
from tests.support.web_app import DEMO, HERONS, T0, Web, open_web, problem

SOON_S = 0.5


@dataclass
class Stream:
    """A browser that has the portal open: the events it got, by name, in order."""

    events: list[tuple[str, Any]] = field(default_factory=list)
    comments: int = 0
    is_reading: bool = True
    has_ended: bool = False

    def last(self, name: str) -> Any:
        return next((data for event, data in reversed(self.events) if event == name), None)

    def count(self, name: str) -> int:
        return sum(event == name for event, _ in self.events)

    def add(self, chunk: bytes) -> None:
        for block in chunk.decode().split("\n\n"):
            if block.startswith(":"):
                self.comments += 1
            elif block.startswith("event: "):
                name, data = block.removeprefix("event: ").split("\ndata: ")
                self.events.append((name, json.loads(data)))


@asynccontextmanager
async def listening(web: Web) -> AsyncIterator[Stream]:
    """Through the whole application, as a server would call it."""
    stream, leave = Stream(), trio.Event()
    cookie = f"pbx_session={web.client.cookies.get('pbx_session', '')}".encode()
    headers = [(b"host", b"127.0.0.1:8080"), (b"cookie", cookie)]
    scope = {"type": "http", "method": "GET", "path": "/api/live", "raw_path": b"/api/live", "query_string": b""}
    scope |= {"headers": headers, "scheme": "http", "server": ("127.0.0.1", 8080), "client": ("127.0.0.1", 5)}
    scope |= {"asgi": {"version": "3.0", "spec_version": "2.3"}, "root_path": "", "http_version": "1.1"}
    sent = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if sent:
            return sent.pop()
        await leave.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if not stream.is_reading:
            await trio.sleep_forever()
        if message["type"] == "http.response.body":
            stream.add(message.get("body", b""))

    async def run() -> None:
        with suppress(TimeoutError):
            await web.app(scope, receive, send)
        stream.has_ended = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await trio.sleep(SOON_S)
        yield stream
        leave.set()


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with open_web(tmp_path, is_live=True) as web:
        await web.sign_in()
        yield web


def call(tenant: str, call_id: str = "c1") -> LiveCall:
    return LiveCall(call_id, tenant, "101", "102", "talking", T0, T0 + 1)


async def test_who_comes_is_told_everything_there_is(web, autojump_clock):
    async with listening(web) as stream:
        assert stream.last("connection") == {"call_process": "up"}
        assert stream.last("calls") == []
        assert [each["extension"] for each in stream.last("registrations")] == ["101", "102"]
        assert stream.last("voicemail") == []


async def test_a_signal_brings_the_new_list_at_once(web, autojump_clock):
    async with listening(web) as stream:
        web.answers["calls.list"] = lambda scope, asked: [call(scope.tenant)]
        await web.bus.publish(DEMO, "calls.changed", b"{}")
        await trio.sleep(SOON_S)
        assert [each["id"] for each in stream.last("calls")] == ["c1"]


async def test_what_no_signal_told_is_found_a_little_later(web, autojump_clock):
    async with listening(web) as stream:
        web.answers["calls.list"] = lambda scope, asked: [call(scope.tenant)]
        await trio.sleep(LOOK_AGAIN_S + SOON_S)
        assert len(stream.last("calls")) == 1


async def test_what_has_not_changed_is_not_told_again(web, autojump_clock):
    async with listening(web) as stream:
        await trio.sleep(10 * LOOK_AGAIN_S)
        assert [stream.count(name) for name in ("calls", "registrations", "voicemail", "connection")] == [1, 1, 1, 1]


async def test_signals_are_carried_only_while_somebody_looks(web, autojump_clock, monkeypatch):
    carried = []
    monkeypatch.setattr(SignalQueue, "put", lambda queue, signal: carried.append(signal.payload))

    async def say(payload: bytes) -> None:
        await web.bus.publish(DEMO, "calls.changed", payload)
        await trio.sleep(SOON_S)

    await say(b"nobody has come")
    async with listening(web), listening(web):
        await say(b"two are here")
    await say(b"all have left")
    async with listening(web):
        await say(b"one has come back")
    assert carried == [b"two are here", b"one has come back"]


async def test_the_newest_record_is_told_by_its_id(web, autojump_clock):
    async with listening(web) as stream:
        assert stream.count("cdrs") == 0
        await web.store.add_cdrs(DEMO, [sample_cdr("call-7", scope=DEMO)])
        await web.bus.publish(DEMO, "cdrs.added", b"{}")
        await trio.sleep(SOON_S)
        assert stream.last("cdrs") == {"id": "call-7"}


async def test_a_hundred_signals_are_a_few_looks(web, autojump_clock):
    async with listening(web):
        before = web.services.live.stats().looks
        for _ in range(100):
            await web.bus.publish(DEMO, "calls.changed", b"{}")
            await trio.sleep(0.001)
        await trio.sleep(SOON_S)
        assert web.services.live.stats().looks - before <= 5


async def test_nobody_hears_of_another_tenant(web, autojump_clock):
    async with listening(web) as stream:
        web.answers["calls.list"] = lambda scope, asked: [call(scope.tenant)] if scope == HERONS else []
        await web.bus.publish(HERONS, "calls.changed", b"{}")
        await trio.sleep(2 * LOOK_AGAIN_S)
        assert stream.last("calls") == []


async def test_while_the_call_process_is_away_it_is_said_to_be_and_then_to_be_back(web, autojump_clock):
    async with listening(web) as stream:
        web.line.cut()
        await trio.sleep(SOON_S)
        assert stream.last("connection") == {"call_process": "down"}
        web.answers["calls.list"] = lambda scope, asked: [call(scope.tenant)]
        await trio.sleep(60)
        assert stream.last("calls") == [], "what was known stays"
        web.line.mend()
        await trio.sleep(2 * LOOK_AGAIN_S)
        assert stream.last("connection") == {"call_process": "up"}
        assert len(stream.last("calls")) == 1


async def test_a_call_process_that_hangs_counts_as_away(web, autojump_clock):
    async with listening(web) as stream:
        is_hanging = True
        answer = web.call_process.request

        async def hang(scope, name, payload=b""):
            if not is_hanging:
                return await answer(scope, name, payload)
            await trio.sleep(3)
            raise CommandTimedOut("no answer")

        web.call_process.request = hang
        await trio.sleep(20)
        assert stream.last("connection") == {"call_process": "down"}
        is_hanging = False
        await trio.sleep(20)
        assert stream.last("connection") == {"call_process": "up"}


async def test_messages_that_come_late_because_their_storage_is_away_do_not_make_the_call_process_away(
    web, autojump_clock
):
    async with listening(web) as stream:
        answer = web.call_process.request

        async def without_messages(scope, name, payload=b""):
            if name != "voicemail.list":
                return await answer(scope, name, payload)
            await trio.sleep(3)
            raise CommandTimedOut("no answer")

        web.call_process.request = without_messages
        await trio.sleep(60)
        assert {data["call_process"] for name, data in stream.events if name == "connection"} == {"up"}


async def test_mailboxes_that_take_too_long_hold_up_nothing_else(web, autojump_clock):
    async with listening(web) as stream:
        answer = web.call_process.request

        async def hang(scope, name, payload=b""):
            if name != "voicemail.list":
                return await answer(scope, name, payload)
            await trio.sleep(3)
            raise CommandTimedOut("no answer")

        web.call_process.request = hang
        await web.bus.publish(DEMO, "voicemail.changed", b"{}")
        await trio.sleep(1)
        web.answers["calls.list"] = lambda scope, asked: [call(scope.tenant)]
        await web.bus.publish(DEMO, "calls.changed", b"{}")
        await trio.sleep(SOON_S)
        assert len(stream.last("calls")) == 1
        await trio.sleep(20)
        assert web.services.live.stats().looks < 40, "one look at the mailboxes at a time"


async def test_a_quiet_line_is_kept_alive(web, autojump_clock):
    async with listening(web) as stream:
        await trio.sleep(3 * COMMENT_EVERY_S + 1)
        assert stream.comments == 3


async def test_a_session_that_ends_takes_its_stream_with_it(web, autojump_clock):
    async with listening(web) as stream:
        web.clock.now += IDLE_MAX_S
        await trio.sleep(COMMENT_EVERY_S + 1)
        assert stream.has_ended


async def test_a_session_that_ends_takes_its_stream_with_it_on_a_line_that_is_never_quiet(web, autojump_clock):
    async with listening(web) as stream:
        web.clock.now += IDLE_MAX_S
        for second in range(int(COMMENT_EVERY_S) + 2):
            web.answers["calls.list"] = lambda scope, asked, second=second: [call(scope.tenant, f"c{second}")]
            await web.bus.publish(DEMO, "calls.changed", b"{}")
            await trio.sleep(1)
        assert stream.has_ended


async def test_who_leaves_is_forgotten(web, autojump_clock):
    async with listening(web), listening(web):
        assert web.services.live.stats().listeners == 2
    await trio.testing.wait_all_tasks_blocked()
    assert web.services.live.stats().listeners == 0


async def test_the_end_of_the_server_ends_every_stream(web, autojump_clock):
    async with listening(web) as stream:
        web.services.live.close()
        await trio.sleep(SOON_S)
        assert stream.has_ended


@pytest.mark.parametrize("limit", ["LISTENERS_MAX", "LISTENERS_OF_TENANT_MAX"])
async def test_one_client_too_many_is_told_so(web, autojump_clock, monkeypatch, limit):
    monkeypatch.setattr(f"pbx.web.live.{limit}", 1)
    async with listening(web):
        answer = await web.client.get("/api/live")
        assert problem(answer)["status"] == 503
        assert answer.headers["retry-after"]


async def test_the_browsers_of_one_tenant_leave_room_for_the_others(web, autojump_clock, monkeypatch):
    monkeypatch.setattr("pbx.web.live.LISTENERS_OF_TENANT_MAX", 1)
    async with listening(web):
        assert web.services.live.is_full(DEMO)
        assert not web.services.live.is_full(HERONS)
    assert LISTENERS_OF_TENANT_MAX < LISTENERS_MAX


async def test_a_client_that_reads_nothing_is_let_go_and_its_place_is_free(web, autojump_clock):
    async with listening(web) as stream:
        stream.is_reading = False
        web.answers["calls.list"] = lambda scope, asked: [call(scope.tenant)]
        await web.bus.publish(DEMO, "calls.changed", b"{}")
        await trio.sleep(SEND_MAX_S + SOON_S)
        assert stream.has_ended
        assert web.services.live.stats().listeners == 0


async def test_a_slow_client_gets_the_newest_and_what_it_was_spared_is_counted():
    listener = Listener()
    for n in range(5):
        listener.put("calls", b"%d" % n)
    listener.put("voicemail", b"[]")
    assert [await listener.next(), await listener.next()] == [("calls", b"4"), ("voicemail", b"[]")]
    assert listener.coalesced == 4
    listener.close()
    assert await listener.next() is None
