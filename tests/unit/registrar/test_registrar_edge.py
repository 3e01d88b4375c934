"""The 200 leaves after the disk; overload and a broken disk are answered, and a restart loses nothing."""

import msgspec
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from pbx.registrar.edge import RETRY_AFTER_MAX_S, RETRY_AFTER_MIN_S, WAITING_PER_AOR_MAX, RegistrarEdge
from pbx.registrar.policy import RegistrarPolicy
from pbx.registrar.registrar import Registrar
from pbx.registrar.steady_wall import SteadyWall
from pbx.spool import PutBinding, RemoveBinding, Spool, SpoolFailed, SpoolFull
from tests.support.register_request import FLOW, OTHER_FLOW, register_request
from tests.support.sample_cdr import HERONS, OTTERS

T0 = 1_800_000_000.0
A, B = "sip:101@10.0.0.1:5060", "sip:101@10.0.0.2:5060"


class SlowSpool:
    """Holds each commit until told how it ends."""

    def __init__(self) -> None:
        self.waiting: list[tuple[tuple, trio.Event]] = []
        self.error: Exception | None = None

    async def commit(self, *changes) -> None:
        event = trio.Event()
        self.waiting.append((changes, event))
        await event.wait()
        if self.error is not None:
            raise self.error

    def finish_one(self) -> tuple:
        changes, event = self.waiting.pop(0)
        event.set()
        return changes


class BrokenSpool:
    def __init__(self, error: Exception) -> None:
        self.error = error

    async def commit(self, *changes) -> None:
        await trio.lowlevel.checkpoint()
        raise self.error


def edge_with(spool, policy=None, wall=lambda: T0) -> RegistrarEdge:
    return RegistrarEdge(Registrar(policy), spool, wall, token=lambda: "our-tag")


async def test_the_200_waits_for_the_disk_and_so_does_everybody_who_looks():
    spool = SlowSpool()
    edge = edge_with(spool)
    responses = []

    async def register() -> None:
        responses.append(await edge.handle(register_request(f"<{A}>", expires=600), FLOW, HERONS, "101"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(register)
        await wait_all_tasks_blocked()
        assert responses == []
        assert edge.registrar.lookup(HERONS, "101", T0) == ()
        (change,) = spool.finish_one()
    assert isinstance(change, PutBinding)
    assert responses[0].status == 200
    assert responses[0].headers.first("Contact") == f"<{A}>;expires=600"
    assert responses[0].headers.first("To") == "<sip:101@herons.example>;tag=our-tag"
    assert len(edge.registrar.lookup(HERONS, "101", T0)) == 1


async def test_a_request_that_changes_nothing_does_not_wait_for_the_disk():
    spool = SlowSpool()
    response = await edge_with(spool).handle(register_request(), FLOW, HERONS, "101")
    assert (response.status, spool.waiting) == (200, [])


async def test_two_phones_of_one_extension_at_once_both_count():
    with Spool(None) as spool:
        edge = edge_with(spool, RegistrarPolicy(contacts_max=1, when_full="reject"))
        statuses = []

        async def register(contact: str, call_id: str) -> None:
            request = register_request(f"<{contact}>", call_id=call_id)
            statuses.append((await edge.handle(request, FLOW, HERONS, "101")).status)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(register, A, "phone-a")
            nursery.start_soon(register, B, "phone-b")
        assert sorted(statuses) == [200, 403]


async def test_a_later_request_of_the_same_phone_is_the_one_that_stays():
    spool = SlowSpool()
    edge = edge_with(spool)

    async def register(cseq: int, flow) -> None:
        await edge.handle(register_request(f"<{A}>", cseq=cseq), flow, HERONS, "101")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(register, 1, FLOW)
        await wait_all_tasks_blocked()
        nursery.start_soon(register, 2, OTHER_FLOW)
        await wait_all_tasks_blocked()
        assert len(spool.waiting) == 1, "the second waits for the first"
        spool.finish_one()
        await wait_all_tasks_blocked()
        spool.finish_one()
    (binding,) = edge.registrar.lookup(HERONS, "101", T0)
    assert (binding.cseq, binding.flow) == (2, OTHER_FLOW)


async def test_other_extensions_and_tenants_do_not_wait():
    spool = SlowSpool()
    edge = edge_with(spool)
    async with trio.open_nursery() as nursery:
        for scope, aor in ((HERONS, "101"), (HERONS, "102"), (OTTERS, "101")):
            nursery.start_soon(edge.handle, register_request(f"<{A}>"), FLOW, scope, aor)
        await wait_all_tasks_blocked()
        assert len(spool.waiting) == 3
        for _ in range(3):
            spool.finish_one()
    assert len(edge._turns) == 0


async def test_too_many_at_once_for_one_extension_are_told_to_come_back():
    spool = SlowSpool()
    edge = edge_with(spool)
    statuses = []

    async def register(cseq: int) -> None:
        statuses.append((await edge.handle(register_request(f"<{A}>", cseq=cseq), FLOW, HERONS, "101")).status)

    async with trio.open_nursery() as nursery:
        for cseq in range(1, WAITING_PER_AOR_MAX + 4):
            nursery.start_soon(register, cseq)
            await wait_all_tasks_blocked()
        assert statuses == [503, 503]
        nursery.cancel_scope.cancel()
        spool.finish_one()
    assert len(edge._turns) == 0


async def test_an_overloaded_disk_is_a_503_with_retry_after_and_no_binding():
    edge = edge_with(BrokenSpool(SpoolFull(8192, 8192)))
    response = await edge.handle(register_request(f"<{A}>"), FLOW, HERONS, "101")
    assert response.status == 503
    assert RETRY_AFTER_MIN_S <= int(response.headers.first("Retry-After")) <= RETRY_AFTER_MAX_S
    assert edge.registrar.lookup(HERONS, "101", T0) == ()


async def test_phones_that_are_turned_away_together_do_not_come_back_together():
    edge = edge_with(BrokenSpool(SpoolFull(8192, 8192)))
    told = set()
    for n in range(100):
        response = await edge.handle(register_request(f"<{A}>", call_id=f"phone-{n}"), FLOW, HERONS, str(n))
        told.add(response.headers.first("Retry-After"))
    assert len(told) == RETRY_AFTER_MAX_S - RETRY_AFTER_MIN_S + 1


async def test_a_disk_that_refuses_is_a_500_and_no_binding():
    edge = edge_with(BrokenSpool(SpoolFailed("database or disk is full")))
    response = await edge.handle(register_request(f"<{A}>"), FLOW, HERONS, "101")
    assert (response.status, response.headers.first("Contact")) == (500, None)
    assert edge.registrar.lookup(HERONS, "101", T0) == ()
    assert edge.stats().answered == {500: 1}


async def test_a_cancelled_request_leaves_disk_and_memory_alike():
    spool = SlowSpool()
    edge = edge_with(spool)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(edge.handle, register_request(f"<{A}>"), FLOW, HERONS, "101")
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
        spool.finish_one()
    assert len(edge.registrar.lookup(HERONS, "101", T0)) == 1


async def test_after_a_restart_the_bindings_are_the_same(tmp_path):
    path = tmp_path / "spool.sqlite"
    with Spool(path) as spool:
        edge = edge_with(spool)
        for n in range(20):
            request = register_request(f"<{A}>;q=0.5, <{B}>", call_id=f"phone-{n}", cseq=n + 1)
            await edge.handle(request, FLOW, HERONS if n % 2 else OTTERS, str(n))
        await edge.handle(register_request(f"<{A}>;expires=0", call_id="phone-3", cseq=50), FLOW, HERONS, "3")
        before = edge.registrar
    with Spool(path) as spool:
        edge = edge_with(spool)
        edge.restore(spool.load_bindings())
        for scope in (HERONS, OTTERS):
            assert edge.registrar.registered(scope, T0) == before.registered(scope, T0)
            for n in range(20):
                assert edge.registrar.lookup(scope, str(n), T0) == before.lookup(scope, str(n), T0)
        assert edge.registrar.next_timeout() == before.next_timeout()
        assert edge.registrar.stats().bindings == 39

        retransmitted = register_request(f"<{A}>;q=0.5, <{B}>", call_id="phone-5", cseq=6)
        assert (await edge.handle(retransmitted, FLOW, HERONS, "5")).status == 200


async def test_a_saved_binding_that_cannot_be_read_is_counted_and_the_others_are_restored():
    with Spool(None) as spool:
        edge = edge_with(spool)
        await edge.handle(register_request(f"<{A}>"), FLOW, HERONS, "101")
        await spool.commit(PutBinding(HERONS, "102", A, T0 + 60, b"not JSON"))
        await spool.commit(PutBinding(HERONS, "103", A, T0 + 60, msgspec.json.encode({"contact": 7})))
        await spool.commit(PutBinding(HERONS, "104", A, T0 + 60, b'{"contact": "\xff"}'))
        restarted = edge_with(spool)
        restarted.restore(spool.load_bindings())
        assert restarted.registrar.registered(HERONS, T0) == {"101"}
        assert restarted.stats().unreadable == 3


async def test_what_expires_leaves_memory_and_disk(autojump_clock: MockClock):
    with Spool(None) as spool:
        edge = edge_with(spool, wall=lambda: T0 + trio.current_time())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(edge.run)
            await edge.handle(register_request(f"<{A}>;expires=60, <{B}>;expires=600"), FLOW, HERONS, "101")
            await trio.sleep(95)
            assert [saved.contact for saved in spool.load_bindings()] == [B]
            assert edge.registrar.stats().bindings == 1
            await trio.sleep(600)
            assert list(spool.load_bindings()) == []
            nursery.cancel_scope.cancel()


async def test_a_sweep_that_the_disk_refuses_is_counted_and_the_next_start_drops_the_rest(autojump_clock: MockClock):
    edge = edge_with(BrokenSpool(SpoolFailed("disk full")), wall=lambda: T0 + trio.current_time())
    edge.registrar.apply(edge.registrar.plan(register_request(f"<{A}>", expires=60), HERONS, "101", FLOW, T0))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(edge.run)
        await trio.sleep(100)
        nursery.cancel_scope.cancel()
    assert (edge.registrar.stats().bindings, edge.stats().sweeps_failed) == (0, 1)


async def test_a_sweep_does_not_take_a_binding_that_is_being_refreshed():
    with Spool(None) as spool:
        wall = T0
        edge = edge_with(spool, wall=lambda: wall)
        await edge.handle(register_request(f"<{A}>", expires=60), FLOW, HERONS, "101")
        wall = T0 + 60
        expired = edge.registrar.handle_timeout(wall)
        await edge.handle(register_request(f"<{A}>", expires=60, cseq=2), FLOW, HERONS, "101")
        await spool.commit(*(RemoveBinding(e.scope, e.aor, e.contact, expired_by=wall) for e in expired))
        assert [saved.expires_at for saved in spool.load_bindings()] == [T0 + 120]


def test_a_clock_that_is_put_forward_does_not_move_the_steady_wall():
    wall, monotonic = T0, 50.0
    steady = SteadyWall(lambda: wall, lambda: monotonic)
    wall, monotonic = T0 + 3600, 51.0
    assert steady() == T0 + 1


async def test_observers_hear_of_every_change_once_it_is_kept_and_of_nothing_else():
    wall_now = T0
    heard: list = []
    with Spool(None) as spool:
        edge = edge_with(spool, wall=lambda: wall_now)
        edge.observers.append(lambda scope, aor: heard.append((aor, len(edge.registrar.lookup(scope, aor, wall_now)))))
        await edge.handle(register_request(f"<{A}>", expires=600), FLOW, HERONS, "101")
        await edge.handle(register_request(f"<{A}>", cseq=2, expires=600), FLOW, HERONS, "101")
        await edge.handle(register_request(cseq=3), FLOW, HERONS, "101")  # only asks
        await edge.handle(register_request(f"<{A}>", cseq=1, expires=600), FLOW, HERONS, "101")  # is refused
        assert heard == [("101", 1), ("101", 1)]
        await edge.handle(register_request(f"<{A}>", cseq=4, expires=0), FLOW, HERONS, "101")
        assert heard[2:] == [("101", 0)]


async def test_observers_hear_of_bindings_that_ran_out(autojump_clock):
    heard: list = []
    with Spool(None) as spool:
        edge = edge_with(spool, wall=lambda: T0 + trio.current_time())
        edge.observers.append(lambda scope, aor: heard.append((scope, aor)))
        await edge.handle(register_request(f"<{A}>", f"<{B}>", expires=60), FLOW, HERONS, "101")
        heard.clear()
        with trio.move_on_after(100):
            await edge.run()
        assert heard == [(HERONS, "101")]


async def test_observers_hear_nothing_of_what_the_disk_did_not_keep():
    heard: list = []
    edge = edge_with(BrokenSpool(SpoolFailed("disk")))
    edge.observers.append(lambda scope, aor: heard.append(aor))
    await edge.handle(register_request(f"<{A}>", expires=600), FLOW, HERONS, "101")
    assert heard == []
