"""What the lines under an m= line say: direction, addresses, packet length, sources."""

import pytest

from mediacore import sdp
from tests.support import sdp_bodies
from tests.support.sdp_bodies import offer


def first_of(text):
    description = sdp.parse(text)
    return description, description.media[0]


@pytest.mark.parametrize(
    ("session_line", "media_line", "expected"),
    [
        (None, None, "sendrecv"),
        ("a=sendonly", None, "sendonly"),
        ("a=sendonly", "a=recvonly", "recvonly"),
        (None, "a=inactive", "inactive"),
        (None, "a=inactive ", "inactive"),
        ("a=inactive", "a=sendrecv", "sendrecv"),
    ],
)
def test_the_media_level_direction_goes_before_the_sessions(session_line, media_line, expected):
    text = offer("m=audio 4000 RTP/AVP 0", *filter(None, [media_line]))
    if session_line:
        text = text.replace("t=0 0\r\n", f"t=0 0\r\n{session_line}\r\n")
    assert sdp.direction(*first_of(text)) == expected


def test_directions_turn_round_and_narrow():
    assert [d.reversed for d in sdp.Direction] == [
        sdp.Direction.SENDRECV,
        sdp.Direction.RECVONLY,
        sdp.Direction.SENDONLY,
        sdp.Direction.INACTIVE,
    ]
    assert sdp.Direction.SENDONLY.within(sdp.Direction.SENDRECV) is sdp.Direction.SENDONLY
    assert sdp.Direction.SENDONLY.within(sdp.Direction.RECVONLY) is sdp.Direction.INACTIVE


def test_the_media_level_connection_goes_before_the_sessions():
    description = sdp.parse(sdp_bodies.RFC_8866_5)
    hosts = [sdp.connection(description, media).host for media in description.media]
    assert hosts == ["198.51.100.1", "198.51.100.1", "2001:db8::2"]


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("224.2.36.42/127/3", "224.2.36.42"),
        ("2001:DB8:0::0020", "2001:db8::20"),
        ("::ffff:192.0.2.2", "192.0.2.2"),
        ("phone.example.com", "phone.example.com"),
        ("host", "host"),
        ("192.0.2.256", None),
        ("192.0.2.010", None),
        ("192.0.2", None),
        ("2001:db8:::1", None),
        ("fe80::1%eth0", None),
        ("-", None),
        ("a b", None),
        ("x" * 254, None),
        ("żółw.pl", None),
        ("", None),
    ],
)
def test_a_connection_names_a_host_or_none(address, host):
    assert sdp.Connection("IN", "IP4", address).host == host


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), ("192.0.2.9", 4001)),
        (("a=rtcp:5000",), ("192.0.2.9", 5000)),
        (("a=rtcp:5000 IN IP6 2001:db8::7",), ("2001:db8::7", 5000)),
        (("a=rtcp:5000 IN IP4 0.0.0.0",), None),
        (("a=rtcp:5000 IN IP4 224.0.0.1",), None),
        (("a=rtcp:5000 IN IP4 255.255.255.255",), None),
        (("a=rtcp:0",), None),
        (("a=rtcp:70000",), None),
        (("a=rtcp:x",), None),
    ],
)
def test_rtcp_goes_to_the_next_port_or_where_rfc_3605_says(lines, expected):
    assert sdp.rtcp_destination(*first_of(offer("m=audio 4000 RTP/AVP 0", *lines))) == expected


def test_there_is_no_port_after_the_last():
    assert sdp.rtcp_destination(*first_of(offer("m=audio 65535 RTP/AVP 0"))) is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [("20", 20), ("30.0", 30), (" 20 ", 20), ("0", None), ("1001", None), ("x", None), ("-20", None)],
)
def test_packet_lengths_are_whole_milliseconds_or_absent(said, expected):
    described = first_of(offer("m=audio 4000 RTP/AVP 0", f"a=ptime:{said}", f"a=maxptime:{said}"))
    assert sdp.ptime_ms(*described) == sdp.max_ptime_ms(*described) == expected


def test_sources_are_listed_once():
    media = sdp.parse(sdp_bodies.BROWSER).media[0]
    assert sdp.ssrcs(media) == (2655508255,)


def test_crypto_lines_are_there_for_whoever_knows_srtp():
    media = sdp.parse(sdp_bodies.YEALINK).media[0]
    assert media.all("crypto") == ("1 AES_CM_128_HMAC_SHA1_80 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj",)
