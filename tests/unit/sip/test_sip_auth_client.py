"""The challenged end: which challenge it meets, how, and when it stops trying."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.sip.auth import DigestClient, DigestServer, Verified, ha1
from pbx.sip.auth.digest import digest_response
from pbx.sip.headers import parse_auth
from tests.support.sip_messages import sip_request


def client() -> DigestClient:
    return DigestClient("bob", "zanzibar", token=lambda: "0a4f113b")


def refused(request, *challenges: str, status: int = 401, header: str = "WWW-Authenticate"):
    return request.response(status, headers=[(header, challenge) for challenge in challenges])


def credentials(request, header: str = "Authorization") -> dict[str, str]:
    (value,) = request.headers.all(header)
    return parse_auth(value)[1]


def test_the_request_comes_back_with_credentials_and_without_via():
    invite = sip_request("INVITE", body=b"v=0\r\n")
    again = client().authorize(invite, refused(invite, 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5'))
    assert again is not invite
    assert "Authorization" not in invite.headers
    assert "Via" not in again.headers
    assert (again.method, again.uri, again.body, str(again.cseq)) == (invite.method, invite.uri, b"v=0\r\n", "1 INVITE")


def test_the_credentials_are_those_of_the_published_example():
    # draft-smith-sipping-auth-examples, with qop=auth.
    invite = sip_request("INVITE", uri="sip:bob@biloxi.com")
    challenge = 'Digest realm="biloxi.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", qop="auth", algorithm=MD5'
    assert credentials(client().authorize(invite, refused(invite, challenge))) == {
        "username": "bob",
        "realm": "biloxi.com",
        "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "uri": "sip:bob@biloxi.com",
        "response": "89eb0059246c02b2f6ee02c7961d5ea3",
        "algorithm": "MD5",
        "cnonce": "0a4f113b",
        "qop": "auth",
        "nc": "00000001",
    }


def test_a_challenge_without_qop_is_met_as_of_old():
    invite = sip_request("INVITE", uri="sip:bob@biloxi.com")
    challenge = 'Digest realm="biloxi.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    params = credentials(client().authorize(invite, refused(invite, challenge)))
    assert params["response"] == "bf57e4e0d0bffc0fbaedce64d59add5e"
    assert not {"qop", "nc", "cnonce", "algorithm"} & params.keys()


def test_the_strongest_algorithm_is_taken_wherever_it_stands():
    invite = sip_request("INVITE")
    values = [f'Digest realm="r", nonce="n", qop="auth", algorithm={name}' for name in ("MD5", "SHA-256", "MD5-sess")]
    assert credentials(client().authorize(invite, refused(invite, *values)))["algorithm"] == "SHA-256"


@pytest.mark.parametrize("algorithm", ["MD5-sess", "SHA-256-sess"])
def test_session_algorithms_are_met(algorithm):
    invite = sip_request("INVITE")
    challenge = f'Digest realm="r", nonce="n", qop="auth", algorithm={algorithm}'
    params = credentials(client().authorize(invite, refused(invite, challenge)))
    assert params["response"] == digest_response(
        ha1("bob", "r", "zanzibar", algorithm),
        algorithm=algorithm,
        method="INVITE",
        uri=invite.uri,
        nonce="n",
        qop="auth",
        nc="00000001",
        cnonce="0a4f113b",
    )


def test_the_opaque_value_is_given_back():
    invite = sip_request("INVITE")
    challenge = 'Digest realm="r", nonce="n", opaque="a \\"b\\""'
    assert credentials(client().authorize(invite, refused(invite, challenge)))["opaque"] == 'a "b"'


def test_a_proxy_is_answered_in_its_own_header():
    invite = sip_request("INVITE")
    refusal = refused(invite, 'Digest realm="p", nonce="n"', status=407, header="Proxy-Authenticate")
    again = client().authorize(invite, refusal)
    assert credentials(again, "Proxy-Authorization")["realm"] == "p"
    assert "Authorization" not in again.headers


def test_credentials_for_a_proxy_stay_when_the_next_realm_asks():
    account = client()
    invite = sip_request("INVITE")
    first = account.authorize(invite, refused(invite, 'Digest realm="one", nonce="n"'))
    second = account.authorize(first, refused(first, 'Digest realm="two", nonce="m"'))
    assert [parse_auth(value)[1]["realm"] for value in second.headers.all("Authorization")] == ["one", "two"]


def test_several_realms_in_one_refusal_are_all_met():
    invite = sip_request("INVITE")
    again = client().authorize(
        invite, refused(invite, 'Digest realm="one", nonce="n"', 'Digest realm="two", nonce="m"')
    )
    assert len(again.headers.all("Authorization")) == 2


def test_the_count_rises_with_each_use_of_a_nonce_and_starts_anew_with_a_new_one():
    account = client()
    invite = sip_request("INVITE")

    def count(nonce: str) -> str:
        return credentials(
            account.authorize(invite, refused(invite, f'Digest realm="r", nonce="{nonce}", qop="auth"'))
        )["nc"]

    assert [count("n"), count("n"), count("m")] == ["00000001", "00000002", "00000001"]


def test_refused_credentials_are_not_tried_again():
    account = client()
    invite = sip_request("INVITE")
    again = account.authorize(invite, refused(invite, 'Digest realm="r", nonce="n", qop="auth"'))
    assert account.authorize(again, refused(again, 'Digest realm="r", nonce="m", qop="auth"')) is None


def test_a_stale_nonce_is_tried_again():
    account = client()
    invite = sip_request("INVITE")
    again = account.authorize(invite, refused(invite, 'Digest realm="r", nonce="n", qop="auth"'))
    third = account.authorize(again, refused(again, 'Digest realm="r", nonce="m", qop="auth", stale=TRUE'))
    assert credentials(third)["nonce"] == "m"


@pytest.mark.parametrize(
    "challenge",
    [
        'Basic realm="r"',
        'Digest realm="r"',
        'Digest nonce="n"',
        'Digest realm="r", nonce="n", algorithm=SHA-3',
        'Digest realm="r", nonce="n", qop="auth-int"',
        'Digest realm="r, nonce=n',
    ],
)
def test_a_challenge_that_cannot_be_met_is_not(challenge):
    invite = sip_request("INVITE")
    assert client().authorize(invite, refused(invite, challenge)) is None


def test_what_can_be_met_is_taken_from_among_the_rest():
    invite = sip_request("INVITE")
    refusal = refused(invite, 'Digest realm="r, broken', 'Digest realm="r", nonce="n", qop="auth-int,auth"')
    assert credentials(client().authorize(invite, refusal))["qop"] == "auth"


def test_a_refusal_without_challenge_is_none_to_meet():
    invite = sip_request("INVITE")
    assert client().authorize(invite, refused(invite)) is None


def test_known_realms_can_be_met_ahead():
    account = client()
    invite = sip_request("INVITE")
    assert "Authorization" not in account.authorize_ahead(invite).headers
    account.authorize(invite, refused(invite, 'Digest realm="r", nonce="n", qop="auth"'))
    assert credentials(account.authorize_ahead(invite))["nc"] == "00000002"


def test_the_password_does_not_show():
    assert "zanzibar" not in repr(client())


words = st.text(st.characters(exclude_characters="\r\n:", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(words, words, words.map(str.strip).filter(bool), st.sampled_from(["MD5", "SHA-256"]))
def test_our_two_ends_agree_on_any_names(username, password, realm, algorithm):
    server = DigestServer(b"k", algorithms=(algorithm,))
    request = sip_request("REGISTER", uri="sip:example.org")
    refusal = request.response(401, headers=[("WWW-Authenticate", value) for value in server.challenge(realm, 0.0)])
    again = DigestClient(username, password).authorize(request, refusal)
    verdict = server.verify(again, realm, lambda name, hashed: ha1(name, realm, password, hashed), 0.0)
    assert verdict == Verified(username, algorithm)
