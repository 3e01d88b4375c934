"""Runs the self-test against a server of this process: its own phones, in a tenant of their own.

The tenant has the default tenant's plan and numbers and throw-away passwords, so the calls go the way that people's go,
nobody's phone rings, and the records of the two do not mix. One number is added to the plan: it rings the second phone
in vain and leads to voicemail. Of the message nothing stays here; `run_self_test` gives its audio away.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import trio
from msgspec.structs import replace

from pbx.apps.voicemail import Mailboxes, NoSuchMessage
from pbx.blobs.interface import BlobError
from pbx.routing.plan import Plan, RingNode, VoicemailNode
from pbx.server import Server, random_token
from pbx.sip.auth import ha1
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Extension, Tenant
from pbx.testphone.engine_audio import EngineAudio
from pbx.testphone.measuring import MeasuringPhone
from pbx.testphone.phone import Account
from pbx.testphone.self_test import SelfTestResult, self_test
from pbx.testphone.voicemail_call import RING_S, NoMessage, VoicemailTest
from pbx.transport.address import WILDCARDS

SELF_TEST_TENANT = "self-test"
DOMAIN = "self-test.invalid"  # RFC 2606: nobody's, ever
RTP_PORTS = range(42_000, 44_000)  # of the phones; the server's own are elsewhere
UNANSWERED_FROM = 9000  # the first number from here on that the plan and the extensions leave free leads to voicemail
RING_NODE, BOX_NODE = "self-test-ring", "self-test-box"
EMPTY_S = 3.0  # for what an earlier self-test left in its mailbox


@dataclass(frozen=True)
class Guest:
    """The self-test's tenant: two extensions whose password lives as long as the process."""

    tenant: Tenant
    numbers: tuple[str, str]
    password: str
    echo_number: str | None
    unanswered_number: str  # rings the second extension, then takes a message for it


def make_guest(model: Tenant) -> Guest:
    """A tenant with the plan of `model`."""
    first, second = [*model.extensions, "101", "102"][:2]
    password = secrets.token_urlsafe(18)
    unanswered = _free_number(model)
    extensions = {
        number: Extension(number, f"Self-test {number}", {"SHA-256": ha1(number, DOMAIN, password, "SHA-256")})
        for number in (first, second)
    }
    tenant = replace(
        model,
        name=SELF_TEST_TENANT,
        domains=(DOMAIN,),
        realm=DOMAIN,
        digest_algorithms=None,
        extensions=extensions,
        plan=with_unanswered(model.plan, unanswered, callee=second),
    )
    return Guest(tenant, (first, second), password, _echo_number(model), unanswered)


def with_unanswered(plan: Plan, number: str, *, callee: str) -> Plan:
    """The plan and one more number, which rings `callee` in vain and takes a message for it after a beep alone."""
    nodes = {
        RING_NODE: RingNode(who=(callee,), ring_s=RING_S, no_answer=BOX_NODE),
        BOX_NODE: VoicemailNode(box=callee, greeting=""),
    }
    return replace(plan, numbers={**plan.numbers, number: RING_NODE}, nodes={**plan.nodes, **nodes})


class GuestBox:
    """The mailbox in which the message arrives: a `MessageBox` over the server's own mailboxes."""

    def __init__(self, mailboxes: Mailboxes, scope: TenantScope, box: str) -> None:
        self.audio: bytes | None = None  # of the message that was waited for
        self._mailboxes = mailboxes
        self._scope = scope
        self._box = box
        self._changed = trio.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Hears of changes while entered."""
        self._mailboxes.on_changed.append(self._hear)
        try:
            yield
        finally:
            self._mailboxes.on_changed.remove(self._hear)

    async def empty(self) -> None:
        """Deletes what is there; what cannot be deleted now is so at the next self-test."""
        with trio.move_on_after(EMPTY_S):
            try:
                for message in await self._mailboxes.messages(self._scope, self._box):
                    await self._mailboxes.delete(self._scope, self._box, message.id)
            except (BlobError, NoSuchMessage):
                return

    async def wait_message(self) -> bytes:
        """See MessageBox."""
        try:
            while True:
                self._changed = trio.Event()
                messages = await self._mailboxes.messages(self._scope, self._box)
                if messages:
                    self.audio = await self._mailboxes.audio(self._scope, self._box, messages[-1].id)
                    return self.audio
                await self._changed.wait()
        except BlobError as error:
            raise NoMessage(str(error)) from error

    def _hear(self, scope: TenantScope, box: str, new: int, old: int) -> None:
        if (scope, box) == (self._scope, self._box):
            self._changed.set()


async def run_self_test(server: Server, guest: Guest) -> tuple[SelfTestResult, bytes | None]:
    """Calls both ways and to the echo, and a message, measured; beside the result the message's audio, a WAV file."""
    box = GuestBox(server.voicemail.mailboxes, server.tenants.scope(guest.tenant), guest.numbers[1])
    await box.empty()  # an earlier self-test may have been killed
    with box.watched():
        result = await _run_phones(server, guest, VoicemailTest(guest.unanswered_number, box))
    await box.empty()
    return result, box.audio


async def _run_phones(server: Server, guest: Guest, voicemail: VoicemailTest) -> SelfTestResult:
    host, port = server.endpoint.local
    if host in WILDCARDS:
        host = "::1" if host == "::" else "127.0.0.1"
    with EngineAudio(host, RTP_PORTS) as audio:
        phones = [
            MeasuringPhone(Account(number, guest.password, DOMAIN, (host, port)), host, audio, random_token)
            for number in guest.numbers
        ]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(audio.run)
            result = await self_test(
                phones, echo_number=guest.echo_number, voicemail=voicemail, hears=server.calls.why_unheard
            )
            nursery.cancel_scope.cancel()
    return result


def _free_number(tenant: Tenant) -> str:
    taken = {*tenant.plan.numbers, *tenant.extensions}
    return next(number for number in map(str, count(UNANSWERED_FROM)) if number not in taken)


def _echo_number(tenant: Tenant) -> str | None:
    """The number that leads to the echo, if the plan has one."""
    return next((number for number, node in tenant.plan.numbers.items() if node == "echo" and number.isdecimal()), None)
