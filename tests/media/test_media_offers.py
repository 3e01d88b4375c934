"""Legs from SDP: offer, answer, hold, and what cannot be agreed."""

import pytest

import mediacore as mc
from tests.support.media_bench import level_dbfs, wait_event

OFFER = """v=0
o=alice 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio 45000 RTP/AVP 8 0 96
a=rtpmap:96 telephone-event/8000
a=sendrecv
"""


def test_an_offer_is_answered_with_the_legs_port_and_the_offerers_codec(engine):
    leg = engine.leg(offer=OFFER)
    answer = mc.sdp.parse(leg.answer)
    assert answer.media[0].port == leg.local[1]
    assert mc.sdp.codecs(answer.media[0])[0].name == "PCMA"
    assert leg.stats().remote == ("127.0.0.1", 45000)


def test_offer_and_answer_make_two_legs_talk(engine, phones):
    caller = phones.leg()
    callee = engine.leg(offer=caller.offer)
    caller.accept(callee.answer)
    caller.watch_tones(440)
    callee.play_tone(440, level_dbfs=-10)
    assert wait_event(phones, mc.ToneStarted).level_dbfs == pytest.approx(-10, abs=1)
    assert caller.params.rtcp_mux
    assert callee.params.rtcp_mux


def test_a_reoffer_holds_and_resumes(engine):
    leg = engine.leg(offer=OFFER)
    held = mc.sdp.parse(leg.reoffer(OFFER.replace("1 1 IN", "1 2 IN").replace("sendrecv", "sendonly")))
    assert leg.params.direction == "recvonly"
    assert mc.sdp.direction(held, held.media[0]) is mc.sdp.Direction.RECVONLY
    leg.reoffer(OFFER.replace("1 1 IN", "1 3 IN"))
    assert leg.params.direction == "sendrecv"


def test_what_sdp_does_not_say_comes_from_params(engine):
    leg = engine.leg(mc.RtpParams(signalling_address="192.0.2.9", media_timeout_s=7.0), offer=OFFER)
    assert (leg.params.signalling_address, leg.params.media_timeout_s) == ("192.0.2.9", 7.0)


def test_a_broken_offer_names_its_line_and_leaves_no_leg(engine):
    with pytest.raises(mc.BadOffer) as caught:
        engine.leg(offer=OFFER.replace("m=audio 45000", "m=audio many"))
    assert "many" in caught.value.line
    assert engine.stats().legs == 0


def test_no_common_codec_names_both_sides_and_leaves_no_leg(engine):
    with pytest.raises(mc.NoCommonCodec) as caught:
        engine.leg(offer=OFFER.replace("8 0 96", "18 96"))
    assert any("G729" in codec for codec in caught.value.offered)
    assert "PCMU/8000" in caught.value.ours
    assert engine.stats().legs == 0


def test_a_host_name_cannot_be_sent_to(engine):
    with pytest.raises(mc.BadOffer, match="host name"):
        engine.leg(offer=OFFER.replace("c=IN IP4 127.0.0.1", "c=IN IP4 phone.example"))


def test_an_answer_before_an_offer_is_our_own_mistake(engine):
    with pytest.raises(mc.MediaError, match="before an offer"):
        engine.leg().accept(OFFER)


def test_the_levels_helper_agrees_with_the_definition():
    import numpy as np

    full_scale = (32767 * np.sin(np.arange(8000) * 2 * np.pi * 1000 / 8000)).astype(np.int16)
    assert level_dbfs(full_scale) == pytest.approx(0.0, abs=0.01)
