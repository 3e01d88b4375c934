"""Reading descriptions: what each line becomes, what is forgiven, and what is refused with line and reason."""

import pytest

from mediacore import sdp
from tests.support import sdp_bodies
from tests.support.sdp_bodies import crlf

HEAD = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\n"


def test_every_line_of_the_rfcs_example_has_its_place():
    found = sdp.parse(sdp_bodies.RFC_8866_5)
    assert found.origin == sdp.Origin("jdoe", "3724394400", "3724394405", "IN", "IP4", "198.51.100.1")
    assert (found.name, found.information) == ("Call to John Smith", "SDP Offer #1")
    assert found.uri == "http://www.jdoe.example.com/home.html"
    assert (found.emails, found.phones) == (("Jane Doe <jane@jdoe.example.com>",), ("+1 617 555-6011",))
    assert found.connection == sdp.Connection("IN", "IP4", "198.51.100.1")
    assert found.times == (sdp.TimeDescription("0 0"),)
    assert [(m.kind, m.port, m.protocol, m.formats) for m in found.media] == [
        ("audio", 49170, "RTP/AVP", ("0",)),
        ("audio", 49180, "RTP/AVP", ("0",)),
        ("video", 51372, "RTP/AVP", ("99",)),
    ]
    assert found.media[2].connections == (sdp.Connection("IN", "IP6", "2001:db8::2"),)
    assert found.media[2].first("rtpmap") == "99 h263-1998/90000"


def test_lines_of_an_m_section_belong_to_it_and_not_to_the_session():
    found = sdp.parse(HEAD + "a=sendonly\nm=audio 4000/2 RTP/AVP 0\ni=desk\nb=AS:64\nk=prompt\na=recvonly\na=x:\n")
    assert found.has("sendonly")
    assert not found.has("recvonly")
    media = found.media[0]
    assert (media.port, media.port_count, media.information, media.key) == (4000, 2, "desk", "prompt")
    assert media.bandwidths == (sdp.Bandwidth("AS", "64"),)
    assert media.has("recvonly")
    assert media.first("recvonly") is None
    assert media.first("x") == ""


def test_repeats_and_zones_stay_with_their_time():
    found = sdp.parse("v=0\no=- 1 1 IN IP4 h\ns=-\nt=1 2\nr=7d 1h 0 25h\nr=1 2 3\nz=4 -1h\nt=5 6\n")
    assert found.times == (sdp.TimeDescription("1 2", ("7d 1h 0 25h", "1 2 3"), "4 -1h"), sdp.TimeDescription("5 6"))


@pytest.mark.parametrize(
    "text",
    [
        HEAD.replace("\n", "\r\n"),
        HEAD,
        HEAD.rstrip("\n"),
        HEAD + "\r\n\r\n",
        HEAD.replace("s=-", "s="),
        HEAD.replace("s=-\n", ""),
        HEAD.replace("t=0 0\n", ""),
        HEAD.replace("o=- 1 1", "o=-  1 1 "),
        HEAD + "a=late\nb=AS:64\nc=IN IP4 192.0.2.1\n",
        HEAD + "m=audio 0 RTP/AVP\n",
        HEAD.replace("v=0", "v=0 "),
        HEAD.encode(),
    ],
    ids=[
        "crlf",
        "lf",
        "no line end at the end",
        "empty lines at the end",
        "empty name",
        "no name",
        "no time",
        "doubled spaces",
        "lines out of order",
        "no formats",
        "space behind the version",
        "bytes",
    ],
)
def test_what_phones_do_is_forgiven(text):
    assert sdp.parse(text).origin.address == "192.0.2.1"


@pytest.mark.parametrize(
    ("text", "line_number", "reason"),
    [
        ("", 0, "empty"),
        ("\r\n \r\n", 0, "empty"),
        ("o=- 1 1 IN IP4 h\n", 1, "a description starts with v="),
        ("v=1\no=- 1 1 IN IP4 h\n", 1, "only version 0 exists"),
        ("v=0\ns=-\n", 0, "no o= line"),
        ("v=0\no=- 1 1 IN IP4\n", 2, "o= has 6 fields, this one 5"),
        ("v=0\no=- 1 1 IN IP4 h\n\ns=-\n", 3, "not of the form x=value"),
        (HEAD + "hello\n", 5, "not of the form x=value"),
        (HEAD + "q=1\n", 5, "unknown type 'q'"),
        (HEAD + "A=1\n", 5, "unknown type 'A'"),
        (HEAD + "a=x\ry\n", 5, "a bare CR or NUL"),
        (HEAD + "a=x\0y\n", 5, "a bare CR or NUL"),
        (HEAD + "s=again\n", 5, "a second s= at session level"),
        (HEAD + "c=IN IP4 h\nc=IN IP4 i\n", 6, "a second c= at session level"),
        (HEAD + "c=IN IP4\n", 5, "c= has 3 fields, this one 2"),
        (HEAD + "b=64\n", 5, "b= has a type, a colon and a number"),
        (HEAD + "a=\n", 5, "an attribute without a name"),
        (HEAD + "a=:value\n", 5, "an attribute without a name"),
        (HEAD + "m=audio 4000\n", 5, "m= needs a medium, a port, a protocol and formats"),
        (HEAD + "m=audio 65536 RTP/AVP 0\n", 5, "the port is not a number from 0 to 65535"),
        (HEAD + "m=audio -1 RTP/AVP 0\n", 5, "the port is not a number from 0 to 65535"),
        (HEAD + "m=audio ٣ RTP/AVP 0\n", 5, "m= has other characters than ASCII's"),
        (HEAD + "t=\udcff 0\n", 5, "t= has other characters than ASCII's"),
        (HEAD + "m=audio " + "9" * 5000 + " RTP/AVP 0\n", 5, "the port is not a number from 0 to 65535"),
        (HEAD + "m=audio 4000/ RTP/AVP 0\n", 5, "the number of ports is not a number from 0 to 65535"),
        (HEAD + "m=audio 4000 RTP/AVP 0\nt=0 0\n", 6, "t= has no place under an m= line"),
        (HEAD + "m=audio 4000 RTP/AVP 0\no=- 1 1 IN IP4 h\n", 6, "o= has no place under an m= line"),
        ("v=0\no=- 1 1 IN IP4 h\nr=1 2 3\n", 3, "r= before any t="),
        (HEAD + "z=1 1h\nr=1 2 3\n", 6, "nothing but t= follows z= in a time description"),
    ],
)
def test_a_mistake_is_named_with_its_line(text, line_number, reason):
    with pytest.raises(sdp.BadSdp) as caught:
        sdp.parse(text)
    assert (caught.value.line_number, caught.value.reason) == (line_number, reason)
    if line_number:
        assert caught.value.line == text.split("\n")[line_number - 1]


def test_the_message_of_a_mistake_has_the_line_but_not_64_kilobytes_of_it():
    with pytest.raises(sdp.BadSdp, match=r"line 5: not of the form x=value: 'xxx") as caught:
        sdp.parse(HEAD + "x" * 60_000)
    assert len(str(caught.value)) < 200


def test_size_lines_and_media_have_limits():
    def attributes(count):
        return HEAD + "a=x\n" * count

    def media(count):
        return HEAD + "m=audio 0 RTP/AVP 0\n" * count

    assert len(sdp.parse(attributes(sdp.LINES_MAX - 4)).attributes) == sdp.LINES_MAX - 4
    assert len(sdp.parse(media(sdp.MEDIA_MAX)).media) == sdp.MEDIA_MAX
    assert sdp.parse(HEAD + "a=" + "x" * (sdp.SIZE_MAX - len(HEAD) - 2))
    for too_much, reason in [
        (attributes(sdp.LINES_MAX - 3), "more than 1000 lines"),
        (attributes(5 * sdp.LINES_MAX), "more than 1000 lines"),
        (media(sdp.MEDIA_MAX + 1), "more than 32 m= lines"),
        (HEAD + "a=" + "x" * (sdp.SIZE_MAX - len(HEAD) - 1), "longer than 65536 bytes"),
    ]:
        with pytest.raises(sdp.BadSdp, match=reason):
            sdp.parse(too_much)


@pytest.mark.parametrize("name", sorted(sdp_bodies.EVERY_BODY))
def test_the_rfcs_and_the_phones_bodies_come_out_as_they_went_in(name):
    text = sdp_bodies.EVERY_BODY[name]
    assert sdp.write(sdp.parse(text)) == text


def test_what_comes_out_of_order_is_put_right():
    muddled = "v=0\ns=-\no=-  1 1 IN IP4 h\nt=0 0\na=x\nc=IN IP4 h\nm=audio 04000 RTP/AVP 0\na=y\nb=AS:64"
    assert sdp.write(sdp.parse(muddled)) == crlf(
        "v=0\no=- 1 1 IN IP4 h\ns=-\nc=IN IP4 h\nt=0 0\na=x\nm=audio 4000 RTP/AVP 0\nb=AS:64\na=y"
    )


def test_bytes_that_are_not_utf_8_come_out_as_they_went_in():
    body = b"v=0\r\no=- 1 1 IN IP4 h\r\ns=Za\xbf\xf3\xb3\xe6\r\nt=0 0\r\na=charset:ISO-8859-2\r\n"
    assert sdp.write(sdp.parse(body)).encode("utf-8", "surrogateescape") == body


def test_what_is_read_again_is_the_same_description():
    text = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
    assert sdp.parse(text) is sdp.parse(text)
    assert sdp.parse(text.encode()) == sdp.parse(text)


def test_what_is_wrong_is_wrong_each_time():
    for _ in range(2):
        with pytest.raises(sdp.BadSdp, match="no o= line"):
            sdp.parse("v=0\r\ns=-\r\n")


def test_long_descriptions_are_not_kept():
    text = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n" + 100 * "a=candidate:1 1 udp 1 192.0.2.1 9\r\n"
    assert sdp.parse(text) == sdp.parse(text)
    assert sdp.parse(text) is not sdp.parse(text)
