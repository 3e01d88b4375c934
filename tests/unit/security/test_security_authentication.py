"""Who a request is from: what is accepted, challenged and refused, and what a stranger can tell from the answers."""

import re

import pytest

from pbx.security.authentication import authenticate
from pbx.security.verdict import Accept, Challenge, Reject
from pbx.sip.auth import DigestClient, DigestServer, ha1
from pbx.sip.errors import BadMessage
from pbx.sip.message import Headers, Request
from pbx.tenants.tenant import Extension, Tenant

REALM = "herons.example"
SECRET = b"0" * 32
NOW = 1_780_000_000.0
HERE, ELSEWHERE = "198.51.100.1", "198.51.100.2"
ALGORITHMS = ("SHA-256", "MD5")


def extension(number: str) -> Extension:
    return Extension(number, "", {a: ha1(number, REALM, f"secret-{number}", a) for a in ALGORITHMS})


TENANT = Tenant("herons", (REALM,), REALM, extensions={n: extension(n) for n in ("101", "102")})


@pytest.fixture
def digest() -> DigestServer:
    return DigestServer(SECRET)


def request(method: str = "INVITE", *, from_user: str = "101", to_user: str = "102") -> Request:
    fields = [
        ("From", f"<sip:{from_user}@{REALM}>;tag=1"),
        ("To", f"<sip:{to_user}@{REALM}>"),
        ("Call-ID", "c1"),
        ("CSeq", f"1 {method}"),
    ]
    return Request(method, f"sip:{REALM}", Headers(fields))


def judge(digest: DigestServer, asked: Request, *, source: str = HERE, now: float = NOW, tenant: Tenant = TENANT):
    return authenticate(asked, tenant, digest, algorithms=ALGORITHMS, source=source, wall_now=now)


def authorized(digest: DigestServer, asked: Request, number: str, password: str, *, source: str = HERE) -> Request:
    """The request with credentials for a challenge that went to `source`."""
    challenge = judge(digest, asked, source=source)
    assert isinstance(challenge, Challenge)
    response = asked.response(401, headers=[("WWW-Authenticate", value) for value in challenge.challenges])
    again = DigestClient(number, password).authorize(asked, response)
    assert again is not None
    return again


def test_a_stranger_is_challenged_with_every_algorithm(digest):
    verdict = judge(digest, request())
    assert isinstance(verdict, Challenge)
    assert [re.search("algorithm=([^,]*)", value)[1] for value in verdict.challenges] == list(ALGORITHMS)


def test_the_right_password_is_accepted_as_its_own_number(digest):
    assert judge(digest, authorized(digest, request(), "101", "secret-101")) == Accept("101")


def test_a_register_is_for_the_number_in_its_to(digest):
    asked = request("REGISTER", from_user="999", to_user="101")
    assert judge(digest, authorized(digest, asked, "101", "secret-101")) == Accept("101")


@pytest.mark.parametrize("asked", [request(from_user="102"), request("REGISTER", to_user="102")])
def test_nobody_is_somebody_else(digest, asked):
    verdict = judge(digest, authorized(digest, asked, "101", "secret-101"))
    assert isinstance(verdict, Reject)
    assert (verdict.status, verdict.cause) == (403, "identity")


def test_a_number_spelled_with_escapes_is_the_same_number(digest):
    assert judge(digest, authorized(digest, request(from_user="%3101"), "101", "secret-101")) == Accept("101")


def test_an_unknown_number_and_a_wrong_password_look_the_same(digest):
    wrong = judge(digest, authorized(digest, request(), "101", "guess"))
    unknown = judge(digest, authorized(digest, request(from_user="777"), "777", "guess"))
    assert wrong == unknown == Reject(403, "credentials", "Forbidden")


def test_a_tenant_without_extensions_is_challenged_like_any_other(digest):
    empty = Tenant("empty", realm=REALM)
    verdict = authenticate(request(), empty, digest, algorithms=(), source=HERE, wall_now=NOW)
    assert isinstance(verdict, Challenge)
    assert len(verdict.challenges) == len(ALGORITHMS)


def test_the_same_credentials_a_second_time_are_challenged_as_stale(digest):
    asked = authorized(digest, request(), "101", "secret-101")
    assert judge(digest, asked) == Accept("101")
    again = judge(digest, asked)
    assert isinstance(again, Challenge)
    assert all("stale=true" in value for value in again.challenges)


def test_a_nonce_is_good_for_the_host_that_it_was_given_to_alone(digest):
    stolen = authorized(digest, request(), "101", "secret-101")
    assert isinstance(judge(digest, stolen, source=ELSEWHERE), Challenge)
    assert judge(digest, stolen) == Accept("101")


def test_credentials_of_another_realm_are_none(digest):
    asked = authorized(digest, request(), "101", "secret-101")
    other = Tenant("otters", realm="otters.example", extensions=TENANT.extensions)
    assert isinstance(judge(digest, asked, tenant=other), Challenge)


def test_an_old_nonce_is_stale(digest):
    asked = authorized(digest, request(), "101", "secret-101")
    assert isinstance(judge(digest, asked, now=NOW + 301), Challenge)


@pytest.mark.parametrize("value", [f'Digest realm="{REALM}"', f'Digest realm="{REALM}", username="101"'])
def test_credentials_with_parts_missing_are_400(digest, value):
    asked = request()
    asked.headers.add("Authorization", value)
    with pytest.raises(BadMessage):
        judge(digest, asked)


@pytest.mark.parametrize("value", ["Digest", "Digest realm", "Basic x", 'Bearer realm="x"', f'Basic realm="{REALM}"'])
def test_what_says_nothing_about_this_realm_is_challenged(digest, value):
    asked = request()
    asked.headers.add("Authorization", value)
    assert isinstance(judge(digest, asked), Challenge)
