"""The arithmetic of digest, against the examples of the RFCs."""

import hashlib
import json

import pytest

from pbx.sip.auth.digest import HASHES, canonical_algorithm, digest_of, digest_response, ha1
from tests.support.sip_corpus import CORPUS

VECTORS = json.loads((CORPUS / "vectors" / "digest_vectors.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_response_is_the_one_of_the_example(vector):
    algorithm = vector["algorithm"]
    response = digest_response(
        ha1(vector["username"], vector["realm"], vector["password"], algorithm),
        algorithm=algorithm,
        method=vector["method"],
        uri=vector["uri"],
        nonce=vector["nonce"],
        qop=vector.get("qop", ""),
        nc=vector.get("nc", ""),
        cnonce=vector.get("cnonce", ""),
    )
    assert response == vector["response"]


def test_the_example_of_rfc_7616_with_sha_512_256_and_its_erratum():
    if "SHA-512-256" not in HASHES:
        assert "sha512_256" not in hashlib.algorithms_available
        return
    # 3.9.2 as erratum 4897 corrects it: the RFC's own figure is of another hash. "userhash" changes nothing here.
    h_a1 = ha1("J\u00e4s\u00f8n Doe", "api@example.org", "Secret, or not?", "SHA-512-256")
    response = digest_response(
        h_a1,
        algorithm="SHA-512-256",
        method="GET",
        uri="/doe.json",
        nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
        qop="auth",
        nc="00000001",
        cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
    )
    assert response == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [(None, "MD5"), ("md5", "MD5"), ("Sha-256", "SHA-256"), ("MD5-SESS", "MD5-sess"), ("SHA-3", None), ("", None)],
)
def test_algorithm_names_compare_without_case_and_md5_goes_without_saying(written, canonical):
    assert canonical_algorithm(written) == canonical


def test_a_session_algorithm_hashes_nonce_and_cnonce_into_a1():
    plain = ha1("bob", "biloxi.com", "zanzibar", "MD5-sess")
    assert plain == ha1("bob", "biloxi.com", "zanzibar", "MD5")
    session = digest_of("MD5", f"{plain}:nonce:cnonce")
    parts = {"method": "INVITE", "uri": "sip:bob@biloxi.com", "nonce": "nonce", "nc": "00000001", "cnonce": "cnonce"}
    assert digest_response(plain, algorithm="MD5-sess", qop="auth", **parts) == digest_response(
        session, algorithm="MD5", qop="auth", **parts
    )


def test_any_text_can_be_hashed():
    assert len(ha1("\udcff\u017c", "realm", "\N{GRINNING FACE}", "SHA-256")) == 64
