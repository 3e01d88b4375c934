"""What an m= line's formats are, and when two entries are the same codec."""

import pytest

from mediacore import sdp
from tests.support import sdp_bodies
from tests.support.sdp_bodies import offer


def found(*lines):
    return sdp.codecs(sdp.parse(offer(*lines)).media[0])


def test_static_payload_types_need_no_rtpmap():
    assert [str(codec) for codec in found("m=audio 4000 RTP/AVP 0 3 8 9 10 18")] == [
        "PCMU/8000",
        "GSM/8000",
        "PCMA/8000",
        "G722/8000",
        "L16/44100/2",
        "G729/8000",
    ]


def test_rtpmap_and_fmtp_describe_a_dynamic_payload_type():
    codecs = found(
        "m=audio 4000 RTP/AVP 96 101",
        "a=rtpmap:96 opus/48000/2",
        "a=fmtp:96 useinbandfec=1;stereo=0",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
    )
    assert codecs == (
        sdp.Codec("opus", 48000, channels=2, payload_type=96, fmtp="useinbandfec=1;stereo=0"),
        sdp.Codec("telephone-event", 8000, payload_type=101, fmtp="0-15"),
    )
    assert codecs[0].parameters == {"useinbandfec": "1", "stereo": "0"}


def test_an_rtpmap_overrides_the_static_table():
    assert [
        str(codec) for codec in found("m=audio 4000 RTP/AVP 0 2", "a=rtpmap:0 PCMA/8000", "a=rtpmap:2 G721/8000")
    ] == [
        "PCMA/8000",
        "G721/8000",
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ("m=audio 4000 RTP/AVP 97 8",),
        ("m=audio 4000 RTP/AVP 8 97", "a=rtpmap:97"),
        ("m=audio 4000 RTP/AVP 8 97", "a=rtpmap:97 x"),
        ("m=audio 4000 RTP/AVP 8 97", "a=rtpmap:97 x/y"),
        ("m=audio 4000 RTP/AVP 8 97", "a=rtpmap:97 x/0"),
        ("m=audio 4000 RTP/AVP 8 97", "a=rtpmap:97 x/8000/0"),
        ("m=audio 4000 RTP/AVP 8 97", "a=rtpmap:97 /8000"),
        ("m=audio 4000 RTP/AVP 8 97", "a=rtpmap:x y/8000"),
        ("m=audio 4000 RTP/AVP 8 97", "a=rtpmap:97 \u212a/8000"),
        ("m=audio 4000 RTP/AVP 8 128 256 -1 x 8",),
    ],
)
def test_what_nobody_explains_is_left_out(lines):
    assert found(*lines) == (sdp.PCMA,)


def test_the_rfc_4475_body_gives_what_can_be_read_of_it():
    description = sdp.parse(sdp_bodies.RFC_4475_SDP01)
    assert [str(codec) for codec in sdp.codecs(description.media[0])] == ["PCMU/8000", "QCELP/8000"]
    assert [str(codec) for codec in sdp.codecs(description.media[1])] == ["H261/90000"]


def test_formats_of_other_protocols_are_no_codecs():
    assert found("m=message 4000 TCP/MSRP *") == ()
    assert found("m=image 4000 udptl t38") == ()
    assert found("m=application 4000 UDP/BFCP 0") == ()


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("0 PCMU/8000", "97 pcmu/8000", True),
        ("PCMU/8000", "PCMU/16000", False),
        ("L16/44100", "L16/44100/2", False),
        ("PCMU/8000", "PCMA/8000", False),
    ],
)
def test_name_clock_and_channels_make_a_codec(one, other, is_same):
    assert sdp.Codec.parse(one).same_as(sdp.Codec.parse(other)) is is_same


def test_fmtp_is_a_wish_but_for_amr_where_it_is_another_packing():
    assert sdp.Codec("opus", 48000, payload_type=96).same_as(sdp.Codec("opus", 48000, payload_type=97, fmtp="stereo=1"))
    amr = sdp.Codec("AMR", 8000, payload_type=96)
    assert amr.same_as(sdp.Codec("AMR", 8000, payload_type=97, fmtp="mode-set=7; octet-align=0"))
    assert not amr.same_as(sdp.Codec("AMR", 8000, payload_type=97, fmtp="mode-set=7; Octet-Align=1"))


def test_a_codec_is_read_from_text_with_or_without_its_number():
    assert sdp.Codec.parse("PCMU/8000") == sdp.PCMU
    assert sdp.Codec.parse("pcma/8000").payload_type == 8
    assert sdp.Codec.parse("opus/48000/2") == sdp.Codec("opus", 48000, channels=2, payload_type=96)
    assert sdp.Codec.parse(" 101 telephone-event/8000 ") == sdp.Codec("telephone-event", 8000, payload_type=101)


@pytest.mark.parametrize("text", ["", "PCMU", "PCMU/", "/8000", "128 PCMU/8000", "PCMU/8000/", "PC MU/8000", "x/٣"])
def test_what_is_no_codec_says_so(text):
    with pytest.raises(ValueError, match=r"not a codec|is above 127"):
        sdp.Codec.parse(text)
