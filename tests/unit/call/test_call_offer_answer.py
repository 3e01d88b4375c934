"""Offers and answers of one leg: what is agreed reaches the media leg and the state, and a refusal neither."""

from typing import cast

import pytest

from mediacore import sdp
from pbx.call import offer_answer
from pbx.call.leg import Leg
from pbx.call.state import LegState
from pbx.media.fake import FakeEngine, FakeLeg
from pbx.sip.flow import Flow
from pbx.sip.message import Headers, Request
from pbx.transport.endpoint import Endpoint

CODECS = (sdp.PCMU, sdp.PCMA, sdp.TELEPHONE_EVENT)
FLOW = Flow("udp", ("192.0.2.10", 5060), ("198.51.100.1", 5060))


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(address="0.0.0.0")


def leg_of(engine: FakeEngine, name: str = "a0") -> Leg:
    """Without an endpoint: offers and answers need none."""
    media = engine.open_leg()
    return Leg(LegState(name, "caller", "101", "sip:101@x", f"token-{name}", FLOW), media, cast(Endpoint, None), print)


def phone_offer(*codecs: sdp.Codec, direction: sdp.Direction = sdp.Direction.SENDRECV, port: int = 4000) -> str:
    ours = sdp.Capabilities(
        address="198.51.100.1", port=port, codecs=codecs or (sdp.PCMU, sdp.PCMA), direction=direction
    )
    return sdp.write(sdp.make_offer(ours, session_id=1))


def stream_of(leg: Leg):
    media = leg.media
    assert isinstance(media, FakeLeg)
    assert media.stream == leg.state.stream
    return media.stream


def test_an_answer_tells_the_media_leg_where_to_send_and_with_what(engine):
    leg = leg_of(engine)
    text = offer_answer.answer(leg, phone_offer(), CODECS, other=None)
    stream = stream_of(leg)
    assert (stream.remote, stream.codecs[0]) == (("198.51.100.1", 4000), "0 PCMU/8000")
    assert stream.signalling_host == "198.51.100.1"
    assert leg.state.description.local == text
    assert sdp.parse(text).media[0].port == leg.media.local[1]


def test_a_wildcard_is_never_told_to_a_phone(engine):
    text = offer_answer.answer(leg_of(engine), phone_offer(), CODECS, other=None)
    assert "0.0.0.0" not in text
    assert "c=IN IP4 192.0.2.10" in text


def test_the_codec_that_the_other_leg_sends_comes_first(engine):
    caller, callee = leg_of(engine), leg_of(engine, "b1")
    offer_answer.make_offer(callee, CODECS, other=None)
    offer_answer.accept(callee, phone_offer(sdp.PCMA))
    offer_answer.answer(caller, phone_offer(sdp.PCMU, sdp.PCMA), CODECS, other=callee)
    assert stream_of(caller).codecs[0] == "8 PCMA/8000"


def test_an_offer_is_ours_until_its_answer(engine):
    leg = leg_of(engine)
    offer_answer.make_offer(leg, CODECS, other=None)
    assert leg.state.description.is_offer_ours
    assert leg.state.stream is None
    offer_answer.accept(leg, phone_offer())
    assert not leg.state.description.is_offer_ours
    assert stream_of(leg).direction == "sendrecv"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "rubbish",
        phone_offer(sdp.G722),
        phone_offer().replace("m=audio 4000", "m=audio 0"),
        phone_offer().replace("198.51.100.1", "phone.example"),
    ],
    ids=["nothing", "rubbish", "another codec", "a refused stream", "a host name"],
)
def test_an_answer_that_cannot_be_used_changes_nothing(engine, answer):
    leg = leg_of(engine)
    offer_answer.make_offer(leg, CODECS, other=None)
    offer_answer.accept(leg, phone_offer())
    before, standing = stream_of(leg), leg.state.description.local
    offer_answer.make_offer(leg, CODECS, other=None)
    with pytest.raises(sdp.SdpError):
        offer_answer.accept(leg, answer)
    assert stream_of(leg) == before
    assert leg.state.description.is_offer_ours
    assert sdp.parse(leg.state.description.local).media == sdp.parse(standing).media


def test_hold_is_what_the_phone_asks_for_and_no_more(engine):
    leg = leg_of(engine)
    offer_answer.answer(leg, phone_offer(), CODECS, other=None)
    offer_answer.answer(leg, phone_offer(direction=sdp.Direction.SENDONLY), CODECS, other=None)
    assert (leg.state.is_held, stream_of(leg).direction) == (True, "recvonly")
    offer_answer.answer(leg, phone_offer(), CODECS, other=None)
    assert (leg.state.is_held, stream_of(leg).direction) == (False, "sendrecv")


def test_the_session_is_continued_and_its_version_rises_with_each_change(engine):
    leg = leg_of(engine)
    texts = [
        offer_answer.answer(leg, phone_offer(direction=direction), CODECS, other=None)
        for direction in (sdp.Direction.SENDRECV, sdp.Direction.SENDRECV, sdp.Direction.SENDONLY)
    ]
    origins = [sdp.parse(text).origin for text in texts]
    assert len({origin.session_id for origin in origins}) == 1
    assert origins[0] == origins[1]
    assert int(origins[2].version) == int(origins[1].version) + 1


def test_an_offer_of_ours_keeps_the_streams_that_we_refused_before(engine):
    leg = leg_of(engine)
    offer_answer.answer(leg, phone_offer() + "m=video 4002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n", CODECS, other=None)
    again = sdp.parse(offer_answer.make_offer(leg, CODECS, other=None))
    assert [(media.kind, media.port != 0) for media in again.media] == [("audio", True), ("video", False)]


def test_rtcp_at_a_host_name_is_left_out(engine):
    leg = leg_of(engine)
    offer = phone_offer().replace("a=rtcp-mux", "a=rtcp:9 IN IP4 evil.example")
    offer_answer.answer(leg, offer, CODECS, other=None)
    assert stream_of(leg).remote_rtcp is None


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("application/sdp", "v=0"),
        ("Application/SDP;charset=utf-8", "v=0"),
        (None, "v=0"),  # RFC 3261 20.15 wants one; a body that may be SDP is taken for it
        ("multipart/mixed;boundary=x", ""),
        ("text/plain", ""),
    ],
)
def test_only_sdp_is_read_as_sdp(content_type, text):
    headers = Headers([] if content_type is None else [("Content-Type", content_type)])
    assert offer_answer.sdp_of(Request("INVITE", "sip:x@y", headers, b"v=0")) == text


@pytest.mark.parametrize(
    ("offer", "error"),
    [
        ("rubbish", sdp.BadSdp),
        (phone_offer(sdp.G722), sdp.NoCommonCodec),
        (phone_offer().replace("198.51.100.1", "phone.example"), sdp.BadAnswer),
    ],
)
def test_an_offer_is_checked_before_anybody_hears_of_it(offer, error):
    with pytest.raises(error):
        offer_answer.check_offer(offer, CODECS)
    offer_answer.check_offer(phone_offer(), CODECS)
