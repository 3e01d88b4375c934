"""Who is sent what and when: one NOTIFY to a contact at a time, the newest counts last, limits, and mistakes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from trio.testing import wait_all_tasks_blocked

from pbx.events.message_counts import MessageCounts
from pbx.registrar import message_waiting
from pbx.registrar.binding import Binding
from pbx.registrar.message_waiting import MessageWaiting
from pbx.registrar.registrar import Registrar
from pbx.sip.events import ResponseReceived, TimedOut
from pbx.sip.flow import Flow
from pbx.sip.message import Request
from pbx.tenants.directory import TenantDirectory
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Extension, Tenant
from tests.support.register_request import FLOW
from tests.support.sample_cdr import HERONS

T0 = 1_800_000_000.0
A, B = "sip:101@10.0.0.1:5060", "sip:101@10.0.0.2:5060"
HERON = Tenant("herons", ("herons.example",), "herons.example", extensions={"101": Extension("101", "Ada", {})})


class Wire:
    """Keeps each NOTIFY until the test says what came of it."""

    def __init__(self) -> None:
        self.sent: list[tuple[Request, Flow]] = []
        self._receivers: list = []

    def request(self, request: Request, flow: Flow, receiver) -> str:
        self.sent.append((request, flow))
        self._receivers.append(receiver)
        return f"transaction-{len(self.sent)}"

    @property
    def bodies(self) -> list[str]:
        """The counts of all that were sent, as the last line of each body has them."""
        return [request.body.decode().splitlines()[-1] for request, _ in self.sent]

    async def answer(self, number: int, status: int) -> None:
        """Lets the NOTIFY of that number (from 0) be answered."""
        request, flow = self.sent[number]
        self._receivers[number](ResponseReceived("t", request.response(status), flow))
        await wait_all_tasks_blocked()

    async def time_out(self, number: int) -> None:
        """Nobody answers it."""
        self._receivers[number](TimedOut("t"))
        await wait_all_tasks_blocked()


class Office:
    """A tenant with extension 101, its mailbox's counts, and its phones."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.registrar = Registrar()
        self.counts: dict[str, MessageCounts] = {"101": MessageCounts(1, 0)}
        self.asked = 0
        tenants = TenantDirectory([HERON], default="herons")
        self.waiting = MessageWaiting(
            self.wire,  # type: ignore[arg-type]
            self.registrar,
            self.count,
            tenants=lambda: tenants,
            wall=lambda: T0,
            token=lambda: "token",
        )

    def count(self, scope: TenantScope, extension: str) -> MessageCounts | None:
        self.asked += 1
        return self.counts.get(extension)

    def bind(self, contact: str, *, call_id: str = "phone", at: float = T0, extension: str = "101") -> None:
        """A REGISTER of the phone at `contact` was confirmed."""
        binding = Binding(contact, FLOW, call_id, 1, at + 600, at)
        self.registrar.restore([(HERONS, extension, binding)])
        self.waiting.registered(HERONS, extension)

    def unbind_all(self) -> None:
        """Nothing is registered any more."""
        self.registrar.handle_timeout(T0 + 10_000)
        self.waiting.registered(HERONS, "101")

    async def change(self, new: int, old: int = 0) -> None:
        """A message came, was heard or deleted."""
        self.counts["101"] = MessageCounts(new, old)
        self.waiting.changed(HERONS, "101")
        await wait_all_tasks_blocked()


@asynccontextmanager
async def open_office() -> AsyncIterator[Office]:
    office = Office()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(office.waiting.run)
        yield office
        nursery.cancel_scope.cancel()


async def test_a_phone_is_told_when_it_registers_and_when_the_counts_change():
    async with open_office() as office:
        office.bind(A)
        await wait_all_tasks_blocked()
        await office.wire.answer(0, 200)
        await office.change(2, 1)
        await office.wire.answer(1, 200)
        assert office.wire.bodies == ["Voice-Message: 1/0 (0/0)", "Voice-Message: 2/1 (0/0)"]
        assert office.waiting.stats().told == 2


async def test_nothing_is_sent_before_the_caller_had_its_turn():
    """The 200 to the REGISTER leaves in the same turn as the observer is told, so the NOTIFY comes behind it."""
    async with open_office() as office:
        await wait_all_tasks_blocked()
        office.bind(A)
        assert office.wire.sent == []
        await wait_all_tasks_blocked()
        assert len(office.wire.sent) == 1


async def test_every_contact_is_told_over_its_own_flow():
    async with open_office() as office:
        office.bind(A)
        office.bind(B)
        await wait_all_tasks_blocked()
        assert {request.uri for request, _ in office.wire.sent} == {A, B}
        assert {flow for _, flow in office.wire.sent} == {FLOW}


async def test_a_refresh_and_counts_that_did_not_change_send_nothing():
    async with open_office() as office:
        office.bind(A)
        await wait_all_tasks_blocked()
        await office.wire.answer(0, 200)
        office.bind(A, at=T0 + 300)
        await office.change(1, 0)
        assert len(office.wire.sent) == 1


async def test_a_phone_that_starts_anew_is_told_again():
    async with open_office() as office:
        office.bind(A)
        await wait_all_tasks_blocked()
        await office.wire.answer(0, 200)
        office.bind(A, call_id="phone-after-its-start", at=T0 + 20)
        await wait_all_tasks_blocked()
        assert len(office.wire.sent) == 2


async def test_changes_while_a_notify_is_under_way_come_to_one_with_the_newest_counts():
    async with open_office() as office:
        office.bind(A)
        await wait_all_tasks_blocked()
        for new in (2, 3, 4):
            await office.change(new)
        assert len(office.wire.sent) == 1
        await office.wire.answer(0, 200)
        assert office.wire.bodies == ["Voice-Message: 1/0 (0/0)", "Voice-Message: 4/0 (0/0)"]
        await office.wire.answer(1, 200)
        assert (len(office.wire.sent), office.waiting.stats().in_flight) == (2, 0)


async def test_a_provisional_response_ends_nothing():
    async with open_office() as office:
        office.bind(A)
        await wait_all_tasks_blocked()
        await office.wire.answer(0, 100)
        assert office.waiting.stats().in_flight == 1


async def test_a_contact_that_refuses_is_left_alone_until_it_starts_anew():
    for status in (405, 481, 489):
        async with open_office() as office:
            office.bind(A)
            await wait_all_tasks_blocked()
            await office.wire.answer(0, status)
            await office.change(2)
            office.bind(A, at=T0 + 300)
            await wait_all_tasks_blocked()
            assert len(office.wire.sent) == 1
            office.bind(A, call_id="new-firmware", at=T0 + 400)
            await wait_all_tasks_blocked()
            assert len(office.wire.sent) == 2
            assert office.waiting.stats().refused == 1


async def test_a_contact_that_is_silent_is_told_with_its_next_register_and_not_before():
    async with open_office() as office:
        office.bind(A)
        await wait_all_tasks_blocked()
        await office.wire.time_out(0)
        await office.change(2)
        assert len(office.wire.sent) == 1
        office.bind(A, at=T0 + 300)
        await wait_all_tasks_blocked()
        assert office.wire.bodies[1:] == ["Voice-Message: 2/0 (0/0)"]
        assert office.waiting.stats().not_answered == 1


async def test_a_phone_that_registers_while_its_notify_runs_out_is_told_at_once_after_it():
    async with open_office() as office:
        office.bind(A)
        await wait_all_tasks_blocked()
        office.bind(A, at=T0 + 20)
        await wait_all_tasks_blocked()
        assert len(office.wire.sent) == 1
        await office.wire.time_out(0)
        assert len(office.wire.sent) == 2


async def test_a_passing_failure_is_tried_again_with_the_next_change():
    async with open_office() as office:
        office.bind(A)
        await wait_all_tasks_blocked()
        await office.wire.answer(0, 503)
        assert len(office.wire.sent) == 1
        await office.change(2)
        assert len(office.wire.sent) == 2
        assert office.waiting.stats().failed == 1


async def test_an_extension_without_a_mailbox_is_never_notified():
    async with open_office() as office:
        office.counts.clear()
        office.bind(A)
        await wait_all_tasks_blocked()
        assert (office.asked, office.wire.sent) == (1, [])


async def test_contacts_that_are_gone_are_forgotten():
    async with open_office() as office:
        office.bind(A)
        await wait_all_tasks_blocked()
        await office.wire.answer(0, 200)
        assert office.waiting.stats().contacts == 1
        office.unbind_all()
        await wait_all_tasks_blocked()
        assert office.waiting.stats().contacts == 0


async def test_a_phone_that_comes_back_waits_for_the_end_of_the_notify_that_it_left_behind():
    """Sent again every four seconds, the old one would otherwise reach the phone behind the newer one."""
    async with open_office() as office:
        office.bind(A)
        await wait_all_tasks_blocked()
        office.unbind_all()
        await wait_all_tasks_blocked()
        office.bind(A, call_id="phone-after-its-start", at=T0 + 5)
        await office.change(2)
        assert len(office.wire.sent) == 1
        await office.wire.answer(0, 200)
        assert office.wire.bodies == ["Voice-Message: 1/0 (0/0)", "Voice-Message: 2/0 (0/0)"]


async def test_what_is_under_way_is_bounded_and_the_rest_goes_as_places_come_free(monkeypatch):
    monkeypatch.setattr(message_waiting, "IN_FLIGHT_MAX", 2)
    async with open_office() as office:
        for extension in ("101", "102", "103", "104"):
            office.counts[extension] = MessageCounts(1)
            office.bind(f"sip:{extension}@10.0.0.1", extension=extension)
        await wait_all_tasks_blocked()
        stats = office.waiting.stats()
        assert (len(office.wire.sent), stats.in_flight, stats.waiting) == (2, 2, 2)
        await office.wire.answer(0, 200)
        await office.wire.time_out(1)
        assert [request.to.sip_uri.user for request, _ in office.wire.sent] == ["101", "102", "103", "104"]
        for number in (2, 3):
            await office.wire.answer(number, 200)
        stats = office.waiting.stats()
        assert (len(office.wire.sent), stats.in_flight, stats.waiting) == (4, 0, 0)


async def test_a_full_line_drops_the_newest_counts_it_and_makes_good_with_its_next_register(monkeypatch):
    monkeypatch.setattr(message_waiting, "IN_FLIGHT_MAX", 1)
    monkeypatch.setattr(message_waiting, "WAITING_MAX", 1)
    async with open_office() as office:
        office.counts |= dict.fromkeys(("102", "103"), MessageCounts(1))
        for extension in ("101", "102", "103"):
            office.bind(f"sip:{extension}@10.0.0.1", extension=extension)
            await wait_all_tasks_blocked()
        assert office.waiting.stats().dropped == 1
        await office.wire.answer(0, 200)
        await office.wire.answer(1, 200)
        office.bind("sip:103@10.0.0.1", extension="103", at=T0 + 300)
        await wait_all_tasks_blocked()
        assert [request.to.sip_uri.user for request, _ in office.wire.sent] == ["101", "102", "103"]


async def test_a_mistake_over_one_extension_costs_the_others_nothing():
    async with open_office() as office:
        office.counts["102"] = MessageCounts(1)
        office.bind("sip:101@10.0.0.1")
        office.bind("sip:102@10.0.0.1", extension="102")
        office.counts["101"] = ()  # type: ignore[assignment]
        await wait_all_tasks_blocked()
        assert [request.to.sip_uri.user for request, _ in office.wire.sent] == ["102"]
        assert office.waiting.stats().mistakes == 1
