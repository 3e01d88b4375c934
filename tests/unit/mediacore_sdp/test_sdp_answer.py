"""Answering an offer (RFC 3264 6): which stream, which codecs, which way, where to."""

import pytest

from mediacore import sdp
from tests.support.sdp_bodies import crlf, offer

OURS = sdp.Capabilities(address="192.0.2.1", port=20_000, codecs=(sdp.PCMU, sdp.PCMA, sdp.TELEPHONE_EVENT))
OPUS = sdp.Codec("opus", 48000, channels=2, payload_type=111, fmtp="useinbandfec=1")


def answer(*lines, ours=OURS, **how):
    connection = how.pop("connection", "IN IP4 192.0.2.9")
    return sdp.answer(sdp.parse(offer(*lines, connection=connection)), ours, **how)


def names(codecs):
    return [str(codec) for codec in codecs]


def test_the_whole_answer():
    found = answer(
        "m=audio 4000 RTP/AVP 8 0 96",
        "a=rtpmap:96 telephone-event/8000",
        "a=fmtp:96 0-15",
        "a=rtcp-mux",
        session_id=7,
    )
    assert sdp.write(found.description) == crlf("""
v=0
o=- 7 1 IN IP4 192.0.2.1
s=-
c=IN IP4 192.0.2.1
t=0 0
m=audio 20000 RTP/AVP 8 0 96
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:96 telephone-event/8000
a=fmtp:96 0-16
a=ptime:20
a=sendrecv
a=rtcp-mux
""")
    assert found.audio == sdp.AgreedMedia(
        remote_address="192.0.2.9",
        remote_port=4000,
        remote_rtcp=("192.0.2.9", 4000),
        codecs=(sdp.PCMA, sdp.PCMU),
        direction=sdp.Direction.SENDRECV,
        ptime_ms=20,
        rtcp_mux=True,
        telephone_event=sdp.Codec("telephone-event", 8000, payload_type=96, fmtp="0-15"),
        held=False,
        receive_codecs=(sdp.PCMA, sdp.PCMU, sdp.Codec("telephone-event", 8000, payload_type=96, fmtp="0-16")),
    )


def test_the_same_question_has_the_same_answer_and_another_call_another_session():
    one, again = answer("m=audio 4000 RTP/AVP 0"), answer("m=audio 4000 RTP/AVP 0")
    assert one == again
    other = sdp.answer(sdp.parse(offer("m=audio 4000 RTP/AVP 0").replace("alice 4711", "alice 4712")), OURS)
    assert other.description.origin.session_id != one.description.origin.session_id


class TestCodecs:
    def test_the_offerers_order_counts_by_default_and_ours_on_request(self):
        line = "m=audio 4000 RTP/AVP 9 8 0"
        ours = sdp.Capabilities(address="192.0.2.1", port=20_000, codecs=(sdp.PCMU, sdp.PCMA, sdp.G722))
        assert answer(line, ours=ours).description.media[0].formats == ("9", "8", "0")
        assert answer(line, ours=ours, prefer="ours").description.media[0].formats == ("0", "8", "9")
        assert answer(line, ours=ours, prefer="ours").audio.codecs == (sdp.PCMU, sdp.PCMA, sdp.G722)

    def test_dynamic_payload_types_are_the_offerers(self):
        ours = sdp.Capabilities(address="192.0.2.1", port=20_000, codecs=(OPUS, sdp.PCMU))
        found = answer("m=audio 4000 RTP/AVP 97 0", "a=rtpmap:97 OPUS/48000/2", "a=fmtp:97 stereo=1", ours=ours)
        assert found.audio.codecs[0] == sdp.Codec("OPUS", 48000, channels=2, payload_type=97, fmtp="stereo=1")
        # fmtp says what its writer can receive, so ours stands in our answer.
        assert found.description.media[0].all("fmtp") == ("97 useinbandfec=1",)
        assert found.audio.receive_codecs[0].fmtp == "useinbandfec=1"

    def test_a_codec_offered_twice_is_answered_once(self):
        found = answer("m=audio 4000 RTP/AVP 0 97", "a=rtpmap:97 PCMU/8000")
        assert found.description.media[0].formats == ("0",)

    def test_digits_stand_behind_the_codecs_even_where_the_offer_has_them_first(self):
        found = answer("m=audio 4000 RTP/AVP 101 0", "a=rtpmap:101 telephone-event/8000")
        assert found.description.media[0].formats == ("0", "101")
        assert found.audio.codecs == (sdp.PCMU,)

    def test_digits_are_not_answered_where_they_were_not_offered(self):
        found = answer("m=audio 4000 RTP/AVP 0")
        assert found.audio.telephone_event is None
        assert found.description.media[0].formats == ("0",)

    def test_digits_run_on_the_clock_of_a_codec_that_was_agreed(self):
        event_48k = sdp.Codec("telephone-event", 48000, payload_type=102)
        ours = sdp.Capabilities(
            address="192.0.2.1", port=20_000, codecs=(OPUS, sdp.PCMU, sdp.TELEPHONE_EVENT, event_48k)
        )
        events = ("a=rtpmap:100 telephone-event/48000", "a=rtpmap:101 telephone-event/8000")
        both = answer("m=audio 4000 RTP/AVP 96 0 100 101", "a=rtpmap:96 opus/48000/2", *events, ours=ours)
        assert both.description.media[0].formats == ("96", "0", "100", "101")
        assert both.audio.telephone_event.payload_type == 100
        narrow = answer("m=audio 4000 RTP/AVP 0 100 101", *events, ours=ours)
        assert narrow.description.media[0].formats == ("0", "101")
        # Better a digit at another clock than none: some phones offer Opus with telephone-event/8000 alone.
        wide = answer("m=audio 4000 RTP/AVP 96 101", "a=rtpmap:96 opus/48000/2", events[1], ours=ours)
        assert wide.audio.telephone_event.payload_type == 101


class TestRefusals:
    def test_every_offered_stream_is_answered_in_its_place(self):
        found = answer(
            "m=video 5000 RTP/AVP 31",
            "m=audio 4000 RTP/SAVP 0",
            "m=audio 4002 RTP/AVP 0",
            "m=audio 4004 RTP/AVP 0",
            "m=audio 0 RTP/AVP 0",
            "m=message 4006 TCP/MSRP *",
        )
        assert [(m.kind, m.port, m.protocol, m.formats) for m in found.description.media] == [
            ("video", 0, "RTP/AVP", ("31",)),
            ("audio", 0, "RTP/SAVP", ("0",)),
            ("audio", 20_000, "RTP/AVP", ("0",)),
            ("audio", 0, "RTP/AVP", ("0",)),
            ("audio", 0, "RTP/AVP", ("0",)),
            ("message", 0, "TCP/MSRP", ("*",)),
        ]
        assert found.media == (
            sdp.Rejected("medium 'video' is not supported"),
            sdp.Rejected("protocol 'RTP/SAVP' is not supported"),
            found.audio,
            sdp.Rejected("a second audio stream"),
            sdp.Rejected("offered with port 0"),
            sdp.Rejected("medium 'message' is not supported"),
        )
        assert found.audio.remote_port == 4002

    @pytest.mark.parametrize(
        ("lines", "connection", "reason"),
        [
            (("m=audio 4000 RTP/AVP 18",), "IN IP4 192.0.2.9", "no common codec"),
            (("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"), "IN IP4 192.0.2.9", "no common codec"),
            (("m=audio 0 RTP/AVP 0",), "IN IP4 192.0.2.9", "offered with port 0"),
            (("m=audio 4000 RTP/AVP 0",), None, "no c= line"),
            (("m=audio 4000 RTP/AVP 0",), "IN IP4 224.2.1.1/127", "'224.2.1.1/127' is no single host"),
            (("m=audio 4000 RTP/AVP 0",), "IN IP6 ff02::1", "'ff02::1' is no single host"),
            (("m=audio 4000 RTP/AVP 0",), "IN IP4 255.255.255.255", "'255.255.255.255' is no single host"),
            (("m=audio 4000 RTP/AVP 0",), "IN IP4 1.2.3", "'1.2.3' is neither an address nor a host name"),
        ],
    )
    def test_an_offer_without_a_usable_stream_has_no_answer(self, lines, connection, reason):
        with pytest.raises(sdp.NoCommonCodec) as caught:
            answer(*lines, connection=connection)
        assert caught.value.reasons == (reason,)
        assert caught.value.ours == OURS.codecs

    def test_what_was_offered_stands_in_the_refusal(self):
        with pytest.raises(
            sdp.NoCommonCodec, match=r"offered: G729/8000, GSM/8000, ours: PCMU/8000, PCMA/8000"
        ) as caught:
            answer("m=audio 4000 RTP/AVP 18 3")
        assert names(caught.value.offered) == ["G729/8000", "GSM/8000"]

    def test_an_offer_without_any_stream_has_no_answer(self):
        with pytest.raises(sdp.NoCommonCodec, match="offered: nothing"):
            answer()

    def test_another_profile_is_answered_in_kind_where_we_know_it(self):
        assert answer("m=audio 4000 RTP/AVPF 0").description.media[0].protocol == "RTP/AVPF"


class TestDirection:
    @pytest.mark.parametrize(
        ("offered", "ours", "expected", "held"),
        [
            ("sendrecv", "sendrecv", "sendrecv", False),
            ("sendonly", "sendrecv", "recvonly", True),
            ("recvonly", "sendrecv", "sendonly", False),
            ("inactive", "sendrecv", "inactive", True),
            ("sendrecv", "sendonly", "sendonly", False),
            ("sendrecv", "recvonly", "recvonly", False),
            ("sendonly", "sendonly", "inactive", True),
            ("recvonly", "recvonly", "inactive", False),
            ("sendrecv", "inactive", "inactive", False),
        ],
    )
    def test_it_is_the_offers_seen_from_here_as_far_as_we_want(self, offered, ours, expected, held):
        ours = sdp.Capabilities(address="192.0.2.1", port=20_000, direction=sdp.Direction(ours))
        found = answer("m=audio 4000 RTP/AVP 0", f"a={offered}", ours=ours)
        assert (found.audio.direction, found.audio.held) == (expected, held)
        assert found.description.media[0].has(expected)

    @pytest.mark.parametrize("connection", ["IN IP4 0.0.0.0", "IN IP6 ::"])
    @pytest.mark.parametrize(
        ("offered", "expected"), [("sendrecv", "recvonly"), ("sendonly", "recvonly"), ("inactive", "inactive")]
    )
    def test_the_null_address_holds_whatever_the_direction_says(self, connection, offered, expected):
        found = answer("m=audio 4000 RTP/AVP 0", f"a={offered}", connection=connection)
        assert (found.audio.direction, found.audio.held) == (expected, True)
        assert (found.audio.remote_address, found.audio.remote_rtcp) == (None, None)


class TestTransport:
    def test_without_multiplexing_rtcp_has_ports_of_its_own(self):
        ours = sdp.Capabilities(address="192.0.2.1", port=20_000, rtcp_port=20_007)
        found = answer("m=audio 4000 RTP/AVP 0", "a=rtcp:4100", ours=ours)
        assert (found.audio.rtcp_mux, found.audio.remote_rtcp) == (False, ("192.0.2.9", 4100))
        assert found.description.media[0].first("rtcp") == "20007"
        assert not found.description.media[0].has("rtcp-mux")

    def test_the_next_port_need_not_be_said(self):
        ours = sdp.Capabilities(address="192.0.2.1", port=20_000, rtcp_port=20_001)
        assert not answer("m=audio 4000 RTP/AVP 0", ours=ours).description.media[0].has("rtcp")

    def test_multiplexing_takes_both_sides(self):
        ours = sdp.Capabilities(address="192.0.2.1", port=20_000, rtcp_mux=False)
        found = answer("m=audio 4000 RTP/AVP 0", "a=rtcp-mux", ours=ours)
        assert not found.audio.rtcp_mux
        assert not found.description.media[0].has("rtcp-mux")

    def test_payload_types_that_look_like_rtcp_are_not_multiplexed(self):
        # RFC 5761 4: 72 to 76 with the marker set are the packet types of SR to APP.
        found = answer("m=audio 4000 RTP/AVP 72", "a=rtpmap:72 PCMU/8000", "a=rtcp-mux")
        assert not found.audio.rtcp_mux

    def test_an_ipv6_offer_is_answered_from_wherever_we_are(self):
        ours = sdp.Capabilities(address="2001:db8::1", port=20_000)
        found = answer("m=audio 4000 RTP/AVP 0", connection="IN IP6 2001:db8::9", ours=ours)
        assert found.audio.remote_address == "2001:db8::9"
        assert "c=IN IP6 2001:db8::1\r\n" in sdp.write(found.description)

    @pytest.mark.parametrize(
        ("lines", "possible", "expected_ms"),
        [
            ((), (20,), 20),
            (("a=ptime:30",), (20,), 20),
            (("a=ptime:30",), (10, 20, 30), 30),
            (("a=ptime:25",), (10, 20, 30), 20),
            (("a=maxptime:10",), (10, 20, 30), 10),
            (("a=maxptime:15", "a=ptime:30"), (10, 20, 30), 10),
            (("a=maxptime:5",), (10, 20), 20),
        ],
    )
    def test_packets_are_as_long_as_the_peer_asks_where_we_can(self, lines, possible, expected_ms):
        ours = sdp.Capabilities(address="192.0.2.1", port=20_000, ptimes_ms=possible)
        assert answer("m=audio 4000 RTP/AVP 0", *lines, ours=ours).audio.ptime_ms == expected_ms


class TestReoffers:
    def test_the_version_is_raised_only_by_a_change(self):
        first = answer("m=audio 4000 RTP/AVP 0", session_id=7, version=3)
        same = answer("m=audio 4002 RTP/AVP 0", previous=first.description)
        assert same.description == first.description
        held = answer("m=audio 4000 RTP/AVP 0", "a=sendonly", previous=same.description)
        assert (held.description.origin.session_id, held.description.origin.version) == ("7", "4")
        resumed = answer("m=audio 4000 RTP/AVP 0", previous=held.description)
        assert resumed.description.origin.version == "5"

    def test_the_origin_stays_when_our_address_changes(self):
        first = answer("m=audio 4000 RTP/AVP 0")
        moved = answer(
            "m=audio 4000 RTP/AVP 0",
            ours=sdp.Capabilities(address="198.51.100.1", port=20_000),
            previous=first.description,
        )
        assert moved.description.origin.address == "192.0.2.1"
        assert moved.description.connection.address == "198.51.100.1"

    def test_a_stream_added_at_the_end_is_refused_there(self):
        first = answer("m=audio 4000 RTP/AVP 0")
        more = answer("m=audio 4000 RTP/AVP 0", "m=video 5000 RTP/AVP 31", previous=first.description)
        assert [media.port for media in more.description.media] == [20_000, 0]

    def test_a_stream_switched_off_gives_its_place_in_the_call_to_the_next(self):
        found = answer("m=audio 0 RTP/AVP 0", "m=audio 4002 RTP/AVP 8")
        assert [media.port for media in found.description.media] == [0, 20_000]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"codecs": (sdp.TELEPHONE_EVENT,)}, "without an audio codec"),
        ({"codecs": (sdp.PCMU, sdp.Codec("x", 8000, payload_type=0))}, "payload type is given twice"),
        ({"port": 0}, "no port"),
        ({"port": 65_536}, "no port"),
        ({"address": "1.2.3"}, "neither an address"),
        ({"address": "x\r\ny"}, "neither an address"),
        ({"address": "0.0.0.0"}, "give the address that peers can reach"),
        ({"address": "::"}, "give the address that peers can reach"),
        ({"protocols": ()}, "without a protocol"),
    ],
)
def test_capabilities_that_make_no_sense_say_so(wrong, message):
    with pytest.raises(ValueError, match=message):
        sdp.Capabilities(**({"address": "192.0.2.1", "port": 20_000} | wrong))
