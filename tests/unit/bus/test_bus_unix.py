"""What is the Unix socket's own: tokens, connections that break, peers that talk nonsense or nothing, two processes."""

import errno
import os
import socket
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.abc
import pytest
import trio
from anyio._backends._trio import UNIXSocketListener
from hypothesis import example, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from pbx.bus.interface import BusUnavailable, CommandFailed, CommandTimedOut, Entry
from pbx.bus.memory import MemoryBus
from pbx.bus.unix_client import connect_bus
from pbx.bus.unix_server import CALLS_MAX, CONNECTIONS_MAX, HELLO_S, SEND_TOGETHER_MAX, serve_bus
from pbx.bus.wire import FRAME_MAX_BYTES, Done, Heard, Hello, Publish, Subscribe, Wire, from_client, from_server
from tests.support.sample_cdr import HERONS

TOKEN = "token"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bus.sock"


@asynccontextmanager
async def server(path: Path) -> AsyncIterator[MemoryBus]:
    bus = MemoryBus()
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_bus, bus, path, TOKEN)
        yield bus
        nursery.cancel_scope.cancel()


async def echo(scope, payload):
    return payload


# -- signals -----------------------------------------------------------------------------------------------------------


async def test_signals_that_wait_come_in_few_writes_in_order_and_whole(path, monkeypatch):
    writes = []
    send = Wire.send

    async def noted(wire, *frames):
        writes.append(sum(isinstance(frame, Heard) for frame in frames))
        await send(wire, *frames)

    monkeypatch.setattr(Wire, "send", noted)
    async with server(path) as bus, connect_bus(path, TOKEN) as client, client.subscribe(HERONS, ">") as subscription:
        for number in range(2 * SEND_TOGETHER_MAX + 1):
            await bus.publish(HERONS, "calls.changed", bytes([number]))
        heard = [(await anext(aiter(subscription))).payload[0] for _ in range(2 * SEND_TOGETHER_MAX + 1)]
    assert heard == list(range(2 * SEND_TOGETHER_MAX + 1))
    assert [signals for signals in writes if signals] == [SEND_TOGETHER_MAX, SEND_TOGETHER_MAX, 1]


# -- who may come in ---------------------------------------------------------------------------------------------------


async def test_the_socket_is_its_owners_alone_and_goes_with_the_server(path):
    async with server(path):
        assert path.stat().st_mode & 0o077 == 0
    assert not path.exists()


async def test_the_socket_of_a_dead_process_is_replaced(path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with server(path), connect_bus(path, TOKEN):
        pass


async def test_without_a_server_the_bus_is_unavailable_and_says_where(path):
    with pytest.raises(BusUnavailable, match=r"no server answers at .*bus\.sock"):
        async with connect_bus(path, TOKEN):
            pass


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ECONNABORTED])
async def test_a_process_that_is_out_of_descriptors_serves_again_once_it_has_some(
    path, number, monkeypatch, autojump_clock: MockClock
):
    def fail() -> OSError:
        return OSError(number, os.strerror(number))

    failures = [fail() for _ in range(3)]
    accept = UNIXSocketListener.accept

    async def accept_at_last(listener: UNIXSocketListener) -> object:
        if failures:
            raise anyio.BrokenResourceError from failures.pop()
        return await accept(listener)

    monkeypatch.setattr(UNIXSocketListener, "accept", accept_at_last)
    async with server(path) as bus, bus.handle("echo", echo), connect_bus(path, TOKEN) as client:
        assert await client.request(HERONS, "echo", b"yes", timeout_s=1) == b"yes"


async def test_a_mistake_of_ours_in_one_connection_ends_that_one_alone(path, monkeypatch):
    async with server(path) as bus, bus.handle("echo", echo):
        async with connect_bus(path, TOKEN) as unlucky:
            with monkeypatch.context() as broken:
                broken.setattr(bus, "get", lambda *_: 1 / 0)
                with pytest.raises(BusUnavailable):
                    await unlucky.get(HERONS, "key")
        async with connect_bus(path, TOKEN) as client:
            assert await client.request(HERONS, "echo", b"yes", timeout_s=1) == b"yes"


async def test_another_token_is_turned_away(path):
    async with server(path) as bus:
        with pytest.raises(BusUnavailable, match="does not accept this token"):
            async with connect_bus(path, "guess"):
                pass
        assert bus.stats().subscribers == 0


async def test_whoever_says_something_else_than_the_token_is_turned_away(path):
    async with server(path) as bus:
        stream = await anyio.connect_unix(path)
        async with stream:
            wire = Wire(stream)
            await wire.send(Publish(1, HERONS, "calls.started", b""))
            with pytest.raises(BusUnavailable):
                await wire.receive()
        assert bus.stats().published == 0


async def test_whoever_says_nothing_is_closed_in_time(path, autojump_clock: MockClock):
    async with server(path):
        async with await anyio.connect_unix(path) as stream:
            with pytest.raises(anyio.EndOfStream):
                await stream.receive()
        assert trio.current_time() == pytest.approx(HELLO_S)


async def test_connections_are_bounded_and_a_seat_is_free_again(path):
    async with server(path):
        async with trio.open_nursery() as nursery:
            for _ in range(CONNECTIONS_MAX):
                await nursery.start(_stay, path)
            with pytest.raises(BusUnavailable):
                async with connect_bus(path, TOKEN):
                    pass
            nursery.cancel_scope.cancel()
        await wait_all_tasks_blocked()
        async with connect_bus(path, TOKEN):
            pass


async def _stay(path: Path, task_status=trio.TASK_STATUS_IGNORED) -> None:
    async with connect_bus(path, TOKEN):
        task_status.started()
        await trio.sleep_forever()


# -- what breaks -------------------------------------------------------------------------------------------------------


async def test_when_the_server_goes_everything_under_way_says_so(path):
    begun, raised = trio.Event(), []

    async def sleep(scope, payload):
        begun.set()
        await trio.sleep_forever()

    async def serve(task_status=trio.TASK_STATUS_IGNORED) -> None:
        async with server(path) as bus, bus.handle("sleep", sleep):
            task_status.started()
            await begun.wait()

    async def expect_unavailable(call) -> None:
        try:
            await call()
        except BusUnavailable:
            raised.append(call)

    async with trio.open_nursery() as nursery:
        await nursery.start(serve)
        async with (
            connect_bus(path, TOKEN) as client,
            client.subscribe(HERONS, ">") as signals,
            client.watch(HERONS) as changes,
            trio.open_nursery() as calls,
        ):
            calls.start_soon(expect_unavailable, signals.__anext__)
            calls.start_soon(expect_unavailable, changes.__anext__)
            calls.start_soon(expect_unavailable, lambda: client.request(HERONS, "sleep", timeout_s=1000))
            await begun.wait()
            await wait_all_tasks_blocked()
            calls.start_soon(expect_unavailable, lambda: client.publish(HERONS, "a", b""))
    assert len(raised) == 4


async def test_when_a_handlers_process_goes_whoever_waits_for_it_is_told(path):
    begun = trio.Event()

    async def sleep(scope, payload):
        begun.set()
        await trio.sleep_forever()

    async def serve(task_status=trio.TASK_STATUS_IGNORED) -> None:
        async with connect_bus(path, TOKEN) as client, client.handle("sleep", sleep):
            task_status.started()
            await trio.sleep_forever()

    async def stop_when_begun(handler: trio.Nursery) -> None:
        await begun.wait()
        handler.cancel_scope.cancel()

    async with server(path), connect_bus(path, TOKEN) as asker, trio.open_nursery() as nursery:
        async with trio.open_nursery() as handler:
            await handler.start(serve)
            nursery.start_soon(stop_when_begun, handler)
            with pytest.raises(CommandFailed):
                await asker.request(HERONS, "sleep", timeout_s=1000)


async def test_a_client_that_leaves_takes_its_subscriptions_watches_and_names_with_it(path):
    async with server(path) as bus:
        async with (
            connect_bus(path, TOKEN) as client,
            client.subscribe(HERONS, ">"),
            client.watch(HERONS),
            client.handle("echo", echo),
        ):
            assert bus.stats().subscribers == 1
            await client.put(HERONS, "a", b"1")
        await wait_all_tasks_blocked()
        assert bus.stats().subscribers == 0
        async with bus.handle("echo", echo):
            assert await bus.request(HERONS, "echo", b"1", timeout_s=1) == b"1"
        assert (await bus.get(HERONS, "a")).value == b"1", "state belongs to nobody's connection"


async def test_what_goes_wrong_inside_the_connection_is_raised_as_it_is(path):
    async with server(path):
        with pytest.raises(ZeroDivisionError):
            async with connect_bus(path, TOKEN):
                _ = 1 / 0


async def test_a_client_that_reads_nothing_delays_nobody_else_and_is_dropped(path, autojump_clock: MockClock):
    async with server(path) as bus:
        stream = await anyio.connect_unix(path)
        async with stream:
            deaf = Wire(stream)
            await deaf.send(Hello(0, TOKEN))
            await deaf.receive()
            await deaf.send(Subscribe(1, HERONS, ">", 10))
            await deaf.receive()
            async with connect_bus(path, TOKEN) as client, client.subscribe(HERONS, ">") as subscription:
                for n in range(100):
                    await client.publish(HERONS, "calls.started", bytes(100_000) + bytes([n]))
                heard = [(await anext(subscription)).payload[-1] for _ in range(100)]
                assert heard == list(range(100))
                assert bus.stats().dropped > 0
                await trio.sleep(60)
                assert bus.stats().subscribers == 1


async def test_an_answer_that_is_given_up_halfway_makes_no_nonsense_of_the_next(path, autojump_clock: MockClock):
    big, small = Done(1, payload=bytes(1 << 20)), Done(2, payload=b"small")
    listener = await anyio.create_unix_listener(path)
    async with listener, trio.open_nursery() as nursery:

        async def answer(stream: anyio.abc.ByteStream) -> None:
            async with stream:
                wire = Wire(stream)
                with anyio.move_on_after(1):  # the client has given up, and says so, before it has read all
                    await wire.send(big)
                await wire.send(small)

        nursery.start_soon(listener.serve, answer)
        async with await anyio.connect_unix(path) as stream:
            wire = Wire(stream)
            await trio.sleep(2)
            assert [from_server(await wire.receive()) for _ in range(2)] == [big, small]
        nursery.cancel_scope.cancel()


async def test_too_many_calls_at_once_are_refused_not_queued(path):
    async def sleep(scope, payload):
        await trio.sleep_forever()

    refused = []

    async with server(path) as bus, bus.handle("sleep", sleep), connect_bus(path, TOKEN) as client:
        async with trio.open_nursery() as nursery:

            async def request() -> None:
                try:
                    await client.request(HERONS, "sleep", timeout_s=1000)
                except Exception as error:
                    refused.append(error)

            for _ in range(CALLS_MAX + 3):
                nursery.start_soon(request)
            with trio.fail_after(10):
                while len(refused) < 3:
                    await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        await wait_all_tasks_blocked()
        assert await client.put(HERONS, "a", b"1") == 1, "there is room again"


async def test_a_server_that_hangs_does_not_hold_a_command_beyond_its_deadline(path, autojump_clock: MockClock):
    async def accept(stream) -> None:
        async with stream:
            wire = Wire(stream)
            await wire.receive()
            await wire.send(Done(0))
            await trio.sleep_forever()

    async with await anyio.create_unix_listener(path) as listener, trio.open_nursery() as nursery:
        nursery.start_soon(listener.serve, accept)
        async with connect_bus(path, TOKEN) as client:
            with pytest.raises(CommandTimedOut):
                await client.request(HERONS, "calls.list", timeout_s=2)
        assert trio.current_time() == pytest.approx(2)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\xff\xff\xff\xff",
        (FRAME_MAX_BYTES + 1).to_bytes(4, "big"),
        b"\0\0\0\0",
        b"\0\0\0\x03abc",
        b"\0\0\0\x01\xc1",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
async def test_nonsense_ends_its_connection_and_nothing_else(path, nonsense):
    async with server(path), connect_bus(path, TOKEN) as other:
        stream = await anyio.connect_unix(path)
        async with stream:
            wire = Wire(stream)
            await wire.send(Hello(0, TOKEN))
            await wire.receive()
            await stream.send(nonsense)
            await stream.send_eof()
            with pytest.raises(BusUnavailable):
                await wire.receive()
        assert await other.put(HERONS, "a", b"1") == 1


frames = st.binary(max_size=200) | st.builds(
    lambda tag, rest: b"\x9f" + bytes([0xA0 + len(tag)]) + tag + rest,
    st.sampled_from([b"Get", b"Put", b"Stop", b"Hello", b"Request"]),
    st.binary(max_size=60),
)


@given(frames)
@example(b"\x91\xa6\x00\x00\x00\x00\x00\x80")
@example(b"\x93\xa4Stop\x01" + b"\x91" * 100_000)
@settings(max_examples=500)
def test_any_bytes_at_all_are_a_frame_or_refused(data):
    for decode in (from_client, from_server):
        try:
            frame = decode(data)
        except BusUnavailable:
            continue
        assert isinstance(frame.id, int)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_any_bytes_at_all_from_a_friend_break_only_their_own_connection(tmp_path_factory, pieces):
    async def main() -> None:
        path = tmp_path_factory.mktemp("bus") / "bus.sock"
        async with server(path) as bus:
            stream = await anyio.connect_unix(path)
            async with stream:
                wire = Wire(stream)
                await wire.send(Hello(0, TOKEN))
                await wire.receive()
                for piece in pieces:
                    try:
                        await stream.send(len(piece).to_bytes(4, "big") + piece)
                    except anyio.BrokenResourceError:
                        break
            await wait_all_tasks_blocked()
            async with connect_bus(path, TOKEN) as other:
                assert await other.put(HERONS, "a", b"1") == 1
            assert bus.stats().handlers_broken == 0

    trio.run(main)


# -- other surroundings ------------------------------------------------------------------------------------------------


def test_it_works_on_asyncio_as_well(path):
    async def main() -> None:
        bus = MemoryBus()
        async with anyio.create_task_group() as tasks:
            await tasks.start(serve_bus, bus, path, TOKEN)
            async with connect_bus(path, TOKEN) as client, bus.handle("echo", echo):
                async with client.subscribe(HERONS, ">") as signals, client.watch(HERONS) as changes:
                    assert await client.request(HERONS, "echo", b"hello", timeout_s=5) == b"hello"
                    await bus.publish(HERONS, "calls.started", b"1")
                    assert (await anext(signals)).payload == b"1"
                    revision = await client.put(HERONS, "a", b"2")
                    assert await anext(changes) == Entry("a", b"2", revision)
            tasks.cancel_scope.cancel()

    anyio.run(main, backend="asyncio")


async def test_another_process_is_served(path):
    child = textwrap.dedent("""
        import sys, anyio
        from pathlib import Path
        from pbx.bus.unix_client import connect_bus
        from pbx.tenants.scope import TenantScope

        async def main():
            async with connect_bus(Path(sys.argv[1]), sys.argv[2]) as bus:
                reply = await bus.request(TenantScope("*"), "calls.list", b"all", timeout_s=10)
                print(reply.decode())

        anyio.run(main, backend="trio")
    """)

    async def calls(scope, payload):
        return f"{scope} asks for {payload.decode()}".encode()

    async with server(path) as bus, bus.handle("calls.list", calls):
        done = await trio.run_process([sys.executable, "-c", child, path, TOKEN], capture_stdout=True)
    assert done.stdout == b"*@local asks for all\n"
