"""SRTP of one leg in a call: what its setting lets it offer and accept, and what a hold keeps."""

from typing import cast

import pytest

from mediacore import sdp
from pbx.call import offer_answer
from pbx.call.leg import Leg
from pbx.call.srtp_keys import keys_for
from pbx.call.state import LegState
from pbx.media.fake import FakeEngine
from pbx.sip.flow import Flow
from pbx.transport.endpoint import Endpoint

CODECS = (sdp.PCMU, sdp.TELEPHONE_EVENT)
FLOW = Flow("udp", ("192.0.2.10", 5060), ("198.51.100.1", 5060))
PHONE_KEYS = keys_for("required", None, offering=True)


def leg_of(srtp: sdp.SrtpUse) -> Leg:
    state = LegState("a0", "caller", "101", "sip:101@x", "token", FLOW, srtp=srtp)
    return Leg(state, FakeEngine(address="0.0.0.0").open_leg(), cast(Endpoint, None), print)


def phone(srtp: sdp.SrtpUse, *, crypto: tuple[sdp.SrtpKey, ...] = PHONE_KEYS) -> sdp.Capabilities:
    crypto = crypto if srtp != "off" else ()
    return sdp.Capabilities(address="198.51.100.1", port=4000, codecs=CODECS, srtp=srtp, crypto=crypto)


def phone_offer(srtp: sdp.SrtpUse) -> str:
    return sdp.write(sdp.make_offer(phone(srtp), session_id=1))


def phone_answer(offer: str, srtp: sdp.SrtpUse) -> str:
    return sdp.write(sdp.answer(sdp.parse(offer), phone(srtp)).description)


@pytest.mark.parametrize(
    ("ours", "theirs"), [("required", "required"), ("optional", "required"), ("optional", "optional")]
)
def test_an_offer_with_keys_is_answered_with_keys_of_the_leg(ours: sdp.SrtpUse, theirs: sdp.SrtpUse):
    leg = leg_of(ours)
    answer = offer_answer.answer(leg, phone_offer(theirs), CODECS, other=None)
    assert leg.state.stream is not None
    keys = leg.state.stream.srtp
    assert keys is not None
    assert keys.receive[0].key in {key.key for key in PHONE_KEYS}
    (line,) = sdp.crypto_lines(sdp.parse(answer).media[0])
    assert line.keys[0].key == keys.send.key


@pytest.mark.parametrize(("ours", "theirs"), [("off", "required"), ("required", "off")])
def test_what_cannot_be_is_refused_before_anything_rings(ours: sdp.SrtpUse, theirs: sdp.SrtpUse):
    with pytest.raises(sdp.NoCommonCodec):
        offer_answer.check_offer(phone_offer(theirs), CODECS, ours)
    with pytest.raises(sdp.NoCommonCodec):
        offer_answer.answer(leg_of(ours), phone_offer(theirs), CODECS, other=None)


@pytest.mark.parametrize(
    ("ours", "theirs", "protocol", "is_sealed"),
    [
        ("off", "optional", "RTP/AVP", False),
        ("optional", "off", "RTP/AVP", False),
        ("optional", "optional", "RTP/AVP", True),
        ("required", "optional", "RTP/SAVP", True),
    ],
)
def test_an_offer_of_ours_comes_to_what_both_can(
    ours: sdp.SrtpUse, theirs: sdp.SrtpUse, protocol: str, is_sealed: bool
):
    leg = leg_of(ours)
    offer = offer_answer.make_offer(leg, CODECS, other=None)
    assert sdp.parse(offer).media[0].protocol == protocol
    offer_answer.accept(leg, phone_answer(offer, theirs))
    assert leg.state.stream is not None
    assert (leg.state.stream.srtp is not None) == is_sealed


def test_a_phone_that_answers_without_keys_where_they_are_required_is_no_answer():
    leg = leg_of("required")
    # Its own offer put the keys beside RTP/AVP, and ours kept them there.
    offer_answer.answer(leg, phone_offer("optional"), CODECS, other=None)
    offer = offer_answer.make_offer(leg, CODECS, other=None)
    before = leg.state.stream
    with pytest.raises(sdp.BadAnswer, match="SRTP is required"):
        offer_answer.accept(leg, phone_answer(offer, "off"))
    assert leg.state.stream == before


def test_a_hold_and_a_new_key_of_the_phone_keep_ours():
    leg = leg_of("required")
    offer_answer.answer(leg, phone_offer("required"), CODECS, other=None)
    assert leg.state.stream is not None
    first = leg.state.stream.srtp
    held = phone_offer("required").replace("a=sendrecv", "a=sendonly")
    offer_answer.answer(leg, held, CODECS, other=None)
    assert leg.state.stream.srtp == first
    renewed = phone("required", crypto=keys_for("required", None, offering=True))
    offer_answer.answer(leg, sdp.write(sdp.make_offer(renewed, session_id=1)), CODECS, other=None)
    second = leg.state.stream.srtp
    assert first is not None
    assert second is not None
    assert (second.send == first.send, second.receive == first.receive) == (True, False)


def test_an_invite_with_keys_still_fits_a_datagram():
    offers = {srtp: len(offer_answer.make_offer(leg_of(srtp), CODECS, other=None)) for srtp in ("off", "optional")}
    assert offers["optional"] - offers["off"] < 200
