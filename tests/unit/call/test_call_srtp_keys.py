"""A leg's keys: made once, kept by the SDP that stands, hidden from every text."""

import msgspec
import pytest

from mediacore import sdp
from pbx.call.srtp_keys import OFFERED, keys_for
from pbx.call.state import Description
from pbx.media.interface import SrtpKey, SrtpKeys, Stream
from pbx.tenants.tenant import Extension, Tenant


def described(keys: tuple[sdp.SrtpKey, ...]) -> sdp.SessionDescription:
    ours = sdp.Capabilities(address="192.0.2.1", port=20_000, srtp="optional", crypto=keys)
    return sdp.parse(sdp.write(sdp.make_offer(ours, session_id=1)))


def test_a_leg_without_srtp_has_none():
    assert keys_for("off", described(keys_for("optional", None, offering=True)), offering=True) == ()


def test_an_offer_has_few_suites_so_that_it_fits_a_datagram_and_an_answer_takes_all():
    assert tuple(key.suite for key in keys_for("optional", None, offering=True)) == OFFERED
    assert tuple(key.suite for key in keys_for("required", None, offering=False)) == sdp.DEFAULT_SUITES


def test_each_leg_has_keys_of_its_own():
    one, other = (keys_for("required", None, offering=True) for _ in "12")
    assert not {key.key for key in one} & {key.key for key in other}


@pytest.mark.parametrize("offering", [True, False])
def test_what_stands_is_kept(offering):
    first = keys_for("optional", None, offering=True)
    again = keys_for("optional", described(first), offering=offering)
    assert set(first) <= set(again)
    assert [key.suite for key in again] == [suite for suite in sdp.DEFAULT_SUITES if not offering or suite in OFFERED]


def test_a_suite_that_was_answered_is_offered_again():
    (taken,) = (key for key in keys_for("optional", None, offering=False) if key.suite == "AES_256_CM_HMAC_SHA1_80")
    assert taken in keys_for("optional", described((taken,)), offering=True)


def test_an_extension_has_its_own_word_and_else_the_tenants():
    tenant = Tenant(
        "demo", srtp="optional", extensions={"101": Extension("101", srtp="required"), "102": Extension("102")}
    )
    assert [tenant.srtp_of(number) for number in ("101", "102", "103")] == ["required", "optional", "optional"]


def test_keys_come_back_from_a_saved_state_and_no_text_shows_them():
    key = SrtpKey("AES_CM_128_HMAC_SHA1_80", b"secret key and salt, 30 octets", b"\1", 2**20)
    stream = Stream(None, None, ("0 PCMU/8000",), srtp=SrtpKeys(key, (key,)))
    assert msgspec.json.decode(msgspec.json.encode(stream), type=Stream) == stream
    assert "secret" not in repr(stream)
    assert "inline" not in repr(Description("a=crypto:1 inline:AAAA", "a=crypto:1 inline:BBBB"))
