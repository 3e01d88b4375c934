"""The challenging end: whom it believes, whom it challenges, and that it tells nobody who exists."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.sip.auth import DigestClient, DigestServer, Missing, Replayed, Stale, Verified, Wrong, ha1
from pbx.sip.auth import server as server_module
from pbx.sip.errors import BadMessage
from pbx.sip.headers import parse_auth
from tests.support.sip_messages import sip_request

REALM = "example.org"
SOURCE = "192.0.2.1"


def known(username: str, algorithm: str) -> str | None:
    return ha1("alice", REALM, "secret", algorithm) if username == "alice" else None


def register(**parts):
    return sip_request("REGISTER", uri="sip:example.org", **parts)


def challenged(server: DigestServer, request=None, *, now: float = 0.0, algorithms=None, source=SOURCE):
    """The 401 that the server answers with."""
    values = server.challenge(REALM, now, source=source)
    wanted = [value for value in values if algorithms is None or parse_auth(value)[1]["algorithm"] in algorithms]
    return (request or register()).response(401, headers=[("WWW-Authenticate", value) for value in wanted])


def authorized(server: DigestServer, *, username="alice", password="secret", request=None, **challenge):
    request = request or register()
    second = DigestClient(username, password).authorize(request, challenged(server, request, **challenge))
    assert second is not None
    return second


def verify(server: DigestServer, request, *, now: float = 0.0, source: str = SOURCE, realm: str = REALM):
    return server.verify(request, realm, known, now, source=source)


def rewritten(request, old: str, new: str):
    value = request.headers.first("Authorization")
    assert old in value
    request.headers.set("Authorization", value.replace(old, new))
    return request


# -- the challenge -----------------------------------------------------------------------------------------------------


def test_a_challenge_has_one_value_for_each_algorithm_in_order_with_one_nonce():
    first, second = (parse_auth(value) for value in DigestServer(b"k").challenge(REALM, 0.0))
    assert first[0] == second[0] == "Digest"
    assert (first[1]["algorithm"], second[1]["algorithm"]) == ("SHA-256", "MD5")
    assert first[1]["nonce"] == second[1]["nonce"]
    assert first[1]["realm"] == REALM
    assert first[1]["qop"] == "auth"
    assert "stale" not in first[1]


def test_a_stale_challenge_says_so():
    assert parse_auth(DigestServer(b"k").challenge(REALM, 0.0, stale=True)[0])[1]["stale"] == "true"


def test_a_realm_with_quotes_in_it_is_written_so_that_it_can_be_read():
    value = DigestServer(b"k").challenge('a "b" \\c', 0.0)[0]
    assert parse_auth(value)[1]["realm"] == 'a "b" \\c'


def test_a_million_challenges_leave_nothing_behind():
    server = DigestServer(b"k")
    for _ in range(1000):
        server.challenge(REALM, 0.0)
    assert server.stats().nonces == 0


# -- the verdict -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_who_knows_the_password_is_believed(algorithm):
    server = DigestServer(b"k")
    request = authorized(server, algorithms=[algorithm])
    assert verify(server, request) == Verified("alice", algorithm)


@pytest.mark.parametrize("algorithm", ["SHA-512-256", "SHA-256", "MD5"])
def test_a_server_may_offer_other_algorithms(algorithm):
    server = DigestServer(b"k", algorithms=(algorithm,))
    assert verify(server, authorized(server)) == Verified("alice", algorithm)


def test_without_credentials_it_is_a_challenge():
    assert verify(DigestServer(b"k"), register()) == Missing()


@pytest.mark.parametrize(
    "credentials", ['Digest realm="elsewhere", username="alice"', "Basic YWxpY2U6c2VjcmV0", "Bearer abc=="]
)
def test_credentials_for_others_count_as_none(credentials):
    assert verify(DigestServer(b"k"), register(headers=(("Authorization", credentials),))) == Missing()


def test_ours_are_found_among_those_for_others():
    server = DigestServer(b"k")
    request = authorized(server)
    request.headers.prepend("Authorization", 'Digest realm="elsewhere", username="x"')
    assert isinstance(verify(server, request), Verified)


def test_wrong_passwords_and_unknown_users_are_both_wrong():
    server = DigestServer(b"k")
    assert verify(server, authorized(server, password="guess")) == Wrong("wrong password of 'alice'")
    assert verify(server, authorized(server, username="nobody")) == Wrong("unknown username 'nobody'")
    assert server.stats().wrong == 2


def test_an_unknown_user_costs_the_same_hashes_as_a_wrong_password(monkeypatch):
    server = DigestServer(b"k")
    work = []
    honest = server_module.digest_response
    monkeypatch.setattr(
        server_module,
        "digest_response",
        lambda h_a1, **parts: work.append((len(h_a1), sorted(parts))) or honest(h_a1, **parts),
    )
    verify(server, authorized(server, password="guess"))
    verify(server, authorized(server, username="nobody"))
    assert len(work) == 2
    assert work[0] == work[1]


def test_nobody_can_log_in_as_the_dummy():
    server = DigestServer(b"k")
    assert all(len(h_a1) in (32, 64) for h_a1 in server._nobody.values())
    request = authorized(server, username="nobody", password="")
    assert isinstance(verify(server, request), Wrong)


def test_a_replayed_request_is_recognised():
    server = DigestServer(b"k")
    request = authorized(server)
    assert isinstance(verify(server, request), Verified)
    assert verify(server, request) == Replayed()
    assert server.stats().replayed == 1


def test_a_nonce_can_be_used_again_with_the_next_count():
    server = DigestServer(b"k")
    client = DigestClient("alice", "secret")
    challenge = challenged(server)
    for _ in range(3):
        assert isinstance(verify(server, client.authorize(register(), challenge)), Verified)
    assert server.stats().nonces == 1


def test_an_old_nonce_is_stale():
    server = DigestServer(b"k", nonce_lifetime_s=60)
    request = authorized(server, now=100.0)
    assert verify(server, request, now=161.0) == Stale()
    assert verify(server, request, now=160.0) == Verified("alice", "SHA-256")


def test_a_nonce_of_another_process_is_stale_so_that_no_phone_asks_for_the_password():
    request = authorized(DigestServer(b"before the restart"))
    assert verify(DigestServer(b"after it"), request) == Stale()


def test_a_nonce_that_was_given_to_another_host_is_stale():
    server = DigestServer(b"k")
    assert verify(server, authorized(server), source="203.0.113.66") == Stale()


def test_only_a_right_digest_learns_that_its_nonce_is_stale():
    server = DigestServer(b"k", nonce_lifetime_s=60)
    assert isinstance(verify(server, authorized(server, password="guess"), now=1000.0), Wrong)


def test_a_wrong_digest_takes_no_place_in_the_table():
    server = DigestServer(b"k")
    verify(server, authorized(server, password="guess"))
    assert server.stats().nonces == 0


def test_an_evicted_nonce_is_stale_not_fresh():
    server = DigestServer(b"k", nonces_max=1)
    first, second = authorized(server), authorized(server)
    assert isinstance(verify(server, first), Verified)
    assert isinstance(verify(server, second), Verified)
    assert verify(server, first) == Stale()
    assert server.stats().nonces_evicted == 1


def test_credentials_of_one_method_are_not_good_for_another():
    server = DigestServer(b"k")
    request = authorized(server)
    request.method = "INVITE"
    assert isinstance(verify(server, request), Wrong)


@pytest.mark.parametrize("uri", ["sip:EXAMPLE.org", "sip:example.org", "sip:example.org;x=1"])
def test_the_digest_uri_may_be_written_otherwise(uri):
    server = DigestServer(b"k")
    request = authorized(server, request=sip_request("REGISTER", uri=uri))
    request.uri = "sip:example.org"
    assert isinstance(verify(server, request), Verified)


@pytest.mark.parametrize("uri", ["sip:example.com", "sips:example.org", "sip:bob@example.org", "tel:112", "?"])
def test_credentials_for_another_uri_are_wrong(uri):
    server = DigestServer(b"k")
    request = authorized(server, request=sip_request("REGISTER", uri=uri))
    request.uri = "sip:example.org"
    verdict = verify(server, request)
    assert isinstance(verdict, Wrong)
    assert uri in verdict.reason


@pytest.mark.parametrize(
    ("old", "new"), [("algorithm=SHA-256", "algorithm=SHA-1"), ("algorithm=SHA-256", "algorithm=SHA-256-sess")]
)
def test_an_algorithm_that_was_not_offered_is_wrong(old, new):
    server = DigestServer(b"k")
    assert isinstance(verify(server, rewritten(authorized(server), old, new)), Wrong)


def test_a_server_without_md5_takes_none():
    server = DigestServer(b"k", algorithms=("SHA-256",))
    assert isinstance(verify(server, rewritten(authorized(server), ", algorithm=SHA-256", "")), Wrong)


def test_auth_int_was_not_offered():
    server = DigestServer(b"k")
    assert isinstance(verify(server, rewritten(authorized(server), "qop=auth", "qop=auth-int")), Wrong)


def test_a_phone_that_knows_no_qop_gets_one_request_out_of_a_nonce():
    server = DigestServer(b"k", algorithms=("MD5",))
    challenge = challenged(server)
    without_qop = challenge.headers.first("WWW-Authenticate").replace(', qop="auth"', "")
    challenge.headers.set("WWW-Authenticate", without_qop)
    client = DigestClient("alice", "secret")
    assert isinstance(verify(server, client.authorize(register(), challenge)), Verified)
    assert verify(server, client.authorize(register(), challenge)) == Replayed()


def test_an_upper_case_response_is_believed_too():
    server = DigestServer(b"k")
    request = authorized(server)
    response = parse_auth(request.headers.first("Authorization"))[1]["response"]
    assert isinstance(verify(server, rewritten(request, response, response.upper())), Verified)


# -- what cannot be read -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["username", "nonce", "uri", "response"])
def test_credentials_that_lack_something_are_a_bad_message(missing):
    server = DigestServer(b"k")
    with pytest.raises(BadMessage, match=missing):
        verify(server, rewritten(authorized(server), f"{missing}=", f"x-{missing}="))


@pytest.mark.parametrize("nc", ["0", "00000000", "0000000g", "+0000001", "0000_001", "000000001", "1"])
def test_a_count_that_is_none_is_a_bad_message(nc):
    server = DigestServer(b"k")
    client = DigestClient("alice", "secret")
    request = client.authorize(register(), challenged(server))
    params = parse_auth(request.headers.first("Authorization"))[1]
    right = server_module.digest_response(
        known("alice", "SHA-256"), algorithm="SHA-256", method="REGISTER", uri=params["uri"], nonce=params["nonce"],
        qop="auth", nc=nc, cnonce=params["cnonce"],
    )  # fmt: skip
    rewritten(request, params["response"], right)
    with pytest.raises(BadMessage, match="nc"):
        verify(server, rewritten(request, "nc=00000001", f"nc={nc}"))


@given(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=200))
def test_any_authorization_at_all_is_judged_or_called_bad(text):
    server = DigestServer(b"k")
    request = register(headers=(("Authorization", text), ("Authorization", f'Digest realm="{REALM}", {text}')))
    with suppress(BadMessage):
        assert isinstance(verify(server, request), Missing | Wrong)
