"""Runs the self-test against a server of this process: its own phones, in a tenant of their own.

The tenant has the default tenant's plan and numbers and throw-away passwords, so the calls go the way that people's go,
nobody's phone rings, and the records of the two do not mix.
"""

import secrets
from dataclasses import dataclass

import trio
from msgspec.structs import replace

from pbx.server import Server, random_token
from pbx.sip.auth import ha1
from pbx.tenants.tenant import Extension, Tenant
from pbx.testphone.engine_audio import EngineAudio
from pbx.testphone.phone import Account
from pbx.testphone.self_test import MeasuringPhone, SelfTestResult, self_test
from pbx.transport.address import WILDCARDS

SELF_TEST_TENANT = "self-test"
DOMAIN = "self-test.invalid"  # RFC 2606: nobody's, ever
RTP_PORTS = range(42_000, 44_000)  # of the phones; the server's own are elsewhere


@dataclass(frozen=True)
class Guest:
    """The self-test's tenant: two extensions whose password lives as long as the process."""

    tenant: Tenant
    numbers: tuple[str, str]
    password: str
    echo_number: str | None


def make_guest(model: Tenant) -> Guest:
    """A tenant with the plan of `model`."""
    first, second = [*model.extensions, "101", "102"][:2]
    password = secrets.token_urlsafe(18)
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
    )
    return Guest(tenant, (first, second), password, _echo_number(model))


async def run_self_test(server: Server, guest: Guest) -> SelfTestResult:
    """Calls both ways and to the echo, measured."""
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
            result = await self_test(phones, echo_number=guest.echo_number, hears=server.calls.why_unheard)
            nursery.cancel_scope.cancel()
    return result


def _echo_number(tenant: Tenant) -> str | None:
    """The number that leads to the echo, if the plan has one."""
    return next((number for number, node in tenant.plan.numbers.items() if node == "echo" and number.isdecimal()), None)
