"""What phones and gateways offer, and what they get: one row each."""

import pytest

from mediacore import sdp
from tests.support import sdp_bodies

OURS = sdp.Capabilities(address="192.0.2.1", port=20_000, codecs=(sdp.G722, sdp.PCMU, sdp.PCMA, sdp.TELEPHONE_EVENT))


@pytest.mark.parametrize(
    ("body", "formats", "remote", "direction"),
    [
        (sdp_bodies.RFC_8866_5, "0", ("198.51.100.1", 49_170), "sendrecv"),
        (sdp_bodies.RFC_4475_SDP01, "0", ("192.0.2.5", 49_217), "sendrecv"),
        (sdp_bodies.RFC_5118_4_8, "0", ("192.0.2.1", 22_334), "sendrecv"),
        (sdp_bodies.YEALINK, "9 0 8 101", ("192.0.2.31", 11_782), "sendrecv"),
        (sdp_bodies.POLYCOM, "0 8 127", ("192.0.2.32", 2_238), "sendrecv"),
        (sdp_bodies.CISCO_SPA, "0 8 101", ("192.0.2.33", 16_442), "sendrecv"),
        (sdp_bodies.CISCO_7960_HOLD, "8 101", (None, 20_288), "recvonly"),
        (sdp_bodies.SOFTPHONE_LF_ONLY, "8 0 101", ("192.0.2.35", 8_000), "sendrecv"),
        (sdp_bodies.BARESIP, "0 8 101", ("192.0.2.36", 10_042), "sendrecv"),
        (sdp_bodies.IMS_GATEWAY, "8 100", ("2001:db8:1::7", 41_012), "sendrecv"),
    ],
    ids=[
        "RFC 8866",
        "RFC 4475",
        "RFC 5118",
        "Yealink",
        "Polycom",
        "Cisco SPA",
        "Cisco 7960 on hold",
        "softphone",
        "baresip",
        "IMS gateway",
    ],
)
def test_an_offer_is_answered(body, formats, remote, direction):
    answer = sdp.answer(sdp.parse(body), OURS)
    agreed = answer.audio
    accepted = next(media for media in answer.description.media if media.port)
    assert " ".join(accepted.formats) == formats
    assert ((agreed.remote_address, agreed.remote_port), agreed.direction) == (remote, direction)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (sdp_bodies.BROWSER, "protocol 'UDP/TLS/RTP/SAVPF' is not supported"),
        (sdp_bodies.RFC_4566_5, "'224.2.17.12/127' is no single host"),
        (sdp_bodies.RFC_5118_4_6, "no common codec"),
        (sdp_bodies.RFC_5118_4_9, "no common codec"),
    ],
    ids=["browser", "multicast seminar", "G.726 alone", "IPv4-mapped, G.726 alone"],
)
def test_an_offer_is_refused_with_the_reason(body, reason):
    with pytest.raises(sdp.NoCommonCodec) as caught:
        sdp.answer(sdp.parse(body), OURS)
    assert caught.value.reasons[0] == reason


def test_rfc_5118_bodies_are_answered_by_who_knows_their_codec():
    g726 = sdp.Capabilities(address="2001:db8::1", port=20_000, codecs=(sdp.Codec.parse("2 G726-32/8000"),))
    for body, address in [(sdp_bodies.RFC_5118_4_6, "2001:db8::20"), (sdp_bodies.RFC_5118_4_9, "192.0.2.2")]:
        answer = sdp.answer(sdp.parse(body), g726)
        assert answer.audio.remote_address == address
        # RFC 3264 6: the answer's t= equals the offer's, odd as this one is for a call.
        assert answer.description.times == (sdp.TimeDescription("3338481189 3370017201"),)


def test_a_yealink_gets_plain_rtp_although_it_could_have_srtp():
    assert "crypto" not in sdp.write(sdp.answer(sdp.parse(sdp_bodies.YEALINK), OURS).description)


def test_a_cisco_that_wants_30_ms_gets_them_from_who_can():
    able = sdp.Capabilities(address="192.0.2.1", port=20_000, ptimes_ms=(20, 30))
    assert sdp.answer(sdp.parse(sdp_bodies.CISCO_SPA), able).audio.ptime_ms == 30
