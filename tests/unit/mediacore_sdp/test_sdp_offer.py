"""Offers of ours, first and later ones, and what their answers make of them (RFC 3264 5, 7, 8)."""

import pytest

from mediacore import sdp
from tests.support.sdp_bodies import crlf, offer

NARROW = (sdp.PCMU, sdp.PCMA, sdp.TELEPHONE_EVENT)
OURS = sdp.Capabilities(address="192.0.2.1", port=20_000, codecs=NARROW)
OFFER = sdp.make_offer(OURS, session_id=7)


def accept(*lines, ours=OURS, connection="IN IP4 192.0.2.9", **how):
    offered = sdp.make_offer(ours, session_id=7)
    return sdp.accept_answer(offered, sdp.parse(offer(*lines, connection=connection)), **how).audio


class TestMaking:
    def test_the_whole_offer(self):
        assert sdp.write(OFFER) == crlf("""
v=0
o=- 7 1 IN IP4 192.0.2.1
s=-
c=IN IP4 192.0.2.1
t=0 0
m=audio 20000 RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=sendrecv
a=rtcp-mux
""")

    def test_the_best_codecs_come_first_and_digits_on_the_clock_of_each(self):
        text = sdp.write(sdp.make_offer(sdp.Capabilities(address="192.0.2.1", port=20_000), session_id=7))
        assert "m=audio 20000 RTP/AVP 96 9 0 8 101 110\r\n" in text
        for line in (
            "rtpmap:96 opus/48000/2",
            "fmtp:96 useinbandfec=1",
            "rtpmap:9 G722/8000",
            "rtpmap:101 telephone-event/8000",
            "rtpmap:110 telephone-event/48000",
        ):
            assert f"\r\na={line}\r\n" in text

    def test_a_port_for_rtcp_is_said_beside_the_wish_to_multiplex(self):
        ours = sdp.Capabilities(
            address="2001:db8::1", port=20_000, rtcp_port=20_005, username="pbx", session_name="call"
        )
        text = sdp.write(sdp.make_offer(ours, session_id=7, version=9))
        assert text.startswith("v=0\r\no=pbx 7 9 IN IP6 2001:db8::1\r\ns=call\r\nc=IN IP6 2001:db8::1\r\n")
        assert text.endswith("a=rtcp:20005\r\na=rtcp-mux\r\n")

    def test_an_offer_that_changes_nothing_is_the_previous_one(self):
        assert sdp.make_offer(OURS, session_id=99, version=99, previous=OFFER) == OFFER

    def test_hold_and_resume_raise_the_version_of_the_same_session(self):
        on_hold = sdp.Capabilities(address="192.0.2.1", port=20_000, codecs=NARROW, direction=sdp.Direction.SENDONLY)
        held = sdp.make_offer(on_hold, session_id=7, previous=OFFER)
        assert (held.origin.session_id, held.origin.version) == ("7", "2")
        assert held.media[0].has("sendonly")
        resumed = sdp.make_offer(OURS, session_id=7, previous=held)
        assert resumed.origin.version == "3"
        assert resumed.media == OFFER.media

    def test_a_description_that_was_stored_as_text_goes_on_as_well(self):
        assert sdp.make_offer(OURS, session_id=7, previous=sdp.parse(sdp.write(OFFER))) == OFFER

    def test_streams_that_were_refused_keep_their_places(self):
        ours = sdp.answer(sdp.parse(offer("m=video 5000 RTP/AVP 31", "m=audio 4000 RTP/AVP 0")), OURS).description
        again = sdp.make_offer(OURS, session_id=7, previous=ours)
        assert [(media.kind, media.port, media.formats) for media in again.media] == [
            ("video", 0, ("31",)),
            ("audio", 20_000, ("0", "8", "101")),
        ]

    def test_a_place_that_was_switched_off_is_used_again(self):
        off = sdp.parse(offer("m=video 0 RTP/AVP 31", "m=audio 0 RTP/AVP 0"))
        assert [media.port for media in sdp.make_offer(OURS, session_id=7, previous=off).media] == [0, 20_000]

    def test_a_session_without_audio_gets_it_at_the_end(self):
        video = sdp.parse(offer("m=video 0 RTP/AVP 31"))
        assert [media.kind for media in sdp.make_offer(OURS, session_id=7, previous=video).media] == ["video", "audio"]

    def test_payload_types_keep_their_meaning_through_the_session(self):
        # The peer's first offer had digits under 96, which is our own number for Opus (RFC 3264 8.3.2).
        opus = sdp.Codec("opus", 48000, channels=2, payload_type=96)
        ours = sdp.Capabilities(address="192.0.2.1", port=20_000, codecs=(opus, sdp.PCMU, sdp.TELEPHONE_EVENT))
        first = sdp.parse(offer("m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000"))
        answered = sdp.answer(first, ours).description
        again = sdp.make_offer(ours, session_id=7, previous=answered)
        assert again.media[0].formats == ("97", "0", "96")
        assert again.media[0].all("rtpmap") == ("97 opus/48000/2", "0 PCMU/8000", "96 telephone-event/8000")

    def test_the_profile_that_was_agreed_stays(self):
        answered = sdp.answer(sdp.parse(offer("m=audio 4000 RTP/AVPF 0")), OURS).description
        assert sdp.make_offer(OURS, session_id=7, previous=answered).media[0].protocol == "RTP/AVPF"


class TestAccepting:
    def test_what_is_agreed(self):
        found = accept(
            "m=audio 4000 RTP/AVP 8 100", "a=rtpmap:100 telephone-event/8000", "a=fmtp:100 0-11", "a=rtcp-mux"
        )
        event = sdp.Codec("telephone-event", 8000, payload_type=100, fmtp="0-11")
        assert found == sdp.AgreedMedia(
            remote_address="192.0.2.9",
            remote_port=4000,
            remote_rtcp=("192.0.2.9", 4000),
            codecs=(sdp.PCMA,),
            direction=sdp.Direction.SENDRECV,
            ptime_ms=20,
            rtcp_mux=True,
            telephone_event=event,
            held=False,
            receive_codecs=(sdp.PCMA, sdp.TELEPHONE_EVENT),
        )

    def test_the_answers_order_is_the_order_to_send_in(self):
        assert accept("m=audio 4000 RTP/AVP 8 0").codecs == (sdp.PCMA, sdp.PCMU)

    def test_each_side_receives_under_its_own_payload_types(self):
        opus = sdp.Codec("opus", 48000, channels=2, payload_type=96)
        ours = sdp.Capabilities(address="192.0.2.1", port=20_000, codecs=(opus, sdp.PCMU))
        found = accept("m=audio 4000 RTP/AVP 110", "a=rtpmap:110 opus/48000/2", ours=ours)
        assert (found.codecs[0].payload_type, found.receive_codecs[0].payload_type) == (110, 96)

    def test_an_answer_that_forgets_its_rtpmap_means_the_offers(self):
        found = accept("m=audio 4000 RTP/AVP 0 101")
        assert found.telephone_event.payload_type == 101

    def test_formats_that_were_not_offered_are_never_used(self):
        assert accept("m=audio 4000 RTP/AVP 18 0 9").codecs == (sdp.PCMU,)

    @pytest.mark.parametrize(
        ("ours", "theirs", "expected", "held"),
        [
            ("sendrecv", "sendrecv", "sendrecv", False),
            ("sendrecv", "sendonly", "recvonly", True),
            ("sendrecv", "recvonly", "sendonly", False),
            ("sendrecv", "inactive", "inactive", True),
            ("sendonly", "recvonly", "sendonly", False),
            ("sendonly", "sendrecv", "sendonly", False),
            ("sendonly", "inactive", "inactive", True),
            ("recvonly", "sendonly", "recvonly", False),
            ("inactive", "inactive", "inactive", False),
            ("inactive", "sendrecv", "inactive", False),
        ],
    )
    def test_the_direction_is_what_both_allow(self, ours, theirs, expected, held):
        capabilities = sdp.Capabilities(address="192.0.2.1", port=20_000, direction=sdp.Direction(ours))
        found = accept("m=audio 4000 RTP/AVP 0", f"a={theirs}", ours=capabilities)
        assert (found.direction, found.held) == (expected, held)

    def test_the_null_address_in_an_answer_holds(self):
        found = accept("m=audio 4000 RTP/AVP 0", connection="IN IP4 0.0.0.0")
        assert (found.remote_address, found.direction, found.held) == (None, "recvonly", True)

    def test_multiplexing_that_was_not_offered_is_ignored(self):
        ours = sdp.Capabilities(address="192.0.2.1", port=20_000, rtcp_mux=False)
        found = accept("m=audio 4000 RTP/AVP 0", "a=rtcp-mux", ours=ours)
        assert (found.rtcp_mux, found.remote_rtcp) == (False, ("192.0.2.9", 4001))

    def test_packets_are_as_long_as_the_peer_asks_where_we_can(self):
        assert accept("m=audio 4000 RTP/AVP 0", "a=ptime:30").ptime_ms == 30
        assert accept("m=audio 4000 RTP/AVP 0", "a=ptime:25").ptime_ms == 20
        assert accept("m=audio 4000 RTP/AVP 0", "a=ptime:30", ptimes_ms=(20,)).ptime_ms == 20

    def test_a_refused_stream_is_no_error(self):
        answered = sdp.parse(offer("m=audio 0 RTP/AVP 0"))
        agreed = sdp.accept_answer(OFFER, answered)
        assert agreed.audio is None
        assert agreed.media == (sdp.Rejected("refused by the peer"),)

    @pytest.mark.parametrize(
        ("lines", "connection", "message"),
        [
            ((), "IN IP4 192.0.2.9", "0 m= lines for the 1 of the offer"),
            (("m=audio 4000 RTP/AVP 0", "m=video 0 RTP/AVP 31"), "IN IP4 192.0.2.9", "2 m= lines for the 1"),
            (("m=video 4000 RTP/AVP 31",), "IN IP4 192.0.2.9", "m= line 1: 'video' for an offer of 'audio'"),
            (("m=audio 4000 RTP/SAVP 0",), "IN IP4 192.0.2.9", "m= line 1: 'RTP/SAVP' for an offer of 'RTP/AVP'"),
            (("m=audio 4000 RTP/AVP 18 9",), "IN IP4 192.0.2.9", "m= line 1: none of the offered codecs in it: '18 9'"),
            (("m=audio 4000 RTP/AVP 101",), "IN IP4 192.0.2.9", "m= line 1: none of the offered codecs"),
            (("m=audio 4000 RTP/AVP 0",), None, "m= line 1: no c= line"),
            (("m=audio 4000 RTP/AVP 0",), "IN IP4 239.1.1.1/1", "m= line 1: '239.1.1.1/1' is no single host"),
        ],
    )
    def test_an_answer_that_does_not_fit_is_refused_with_the_reason(self, lines, connection, message):
        with pytest.raises(sdp.BadAnswer, match=message):
            accept(*lines, connection=connection)

    def test_a_stream_that_was_off_cannot_be_answered_with_a_port(self):
        previous = sdp.parse(offer("m=audio 4000 RTP/AVP 0", "m=video 0 RTP/AVP 31"))
        again = sdp.make_offer(OURS, session_id=7, previous=previous)
        with pytest.raises(
            sdp.BadAnswer, match="m= line 2: a port for a stream that was offered with port 0"
        ) as caught:
            sdp.accept_answer(again, sdp.parse(offer("m=audio 4000 RTP/AVP 0", "m=video 5000 RTP/AVP 31")))
        assert caught.value.media_index == 1


class TestPassingOn:
    """A B2BUA offers its callee what the caller prefers, so that equal codecs need no transcoding."""

    WIDE = sdp.Capabilities(
        address="192.0.2.1", port=20_000, codecs=(sdp.G722, sdp.PCMU, sdp.PCMA, sdp.TELEPHONE_EVENT)
    )

    def test_the_callers_order_comes_first_and_the_rest_of_ours_behind(self):
        caller = sdp.parse(offer("m=audio 4000 RTP/AVP 18 8 0"))
        liked = sdp.offer_codecs_like(caller, self.WIDE)
        assert [str(codec) for codec in liked.codecs] == ["PCMA/8000", "PCMU/8000", "G722/8000", "telephone-event/8000"]

    def test_dynamic_payload_types_are_the_callers(self):
        caller = sdp.parse(offer("m=audio 4000 RTP/AVP 0 97", "a=rtpmap:97 telephone-event/8000"))
        assert sdp.offer_codecs_like(caller, self.WIDE).codecs[-1].payload_type == 97

    def test_a_number_that_the_caller_took_for_another_codec_is_given_up(self):
        opus = sdp.Codec("opus", 48000, channels=2, payload_type=101)
        ours = sdp.Capabilities(
            address="192.0.2.1", port=20_000, codecs=(opus, sdp.PCMU, sdp.Codec.parse("96 telephone-event/8000"))
        )
        caller = sdp.parse(offer("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000"))
        liked = sdp.offer_codecs_like(caller, ours)
        assert [(str(c), c.payload_type) for c in liked.codecs] == [
            ("PCMU/8000", 0),
            ("opus/48000/2", 96),
            ("telephone-event/8000", 101),
        ]

    def test_static_payload_types_are_nobodys_to_change(self):
        caller = sdp.parse(offer("m=audio 4000 RTP/AVP 97 0", "a=rtpmap:97 PCMU/8000", "a=rtpmap:0 PCMA/8000"))
        liked = sdp.offer_codecs_like(caller, OURS)
        assert [(str(c), c.payload_type) for c in liked.codecs][:2] == [("PCMU/8000", 0), ("PCMA/8000", 8)]

    def test_only_a_stream_that_we_would_accept_counts(self):
        caller = sdp.parse(offer("m=audio 4000 RTP/SAVP 8", "m=audio 4002 RTP/AVP 0", "m=video 5000 RTP/AVP 31"))
        assert sdp.offer_codecs_like(caller, OURS) == OURS
        assert sdp.offer_codecs_like(sdp.parse(offer("m=video 5000 RTP/AVP 31")), OURS) == OURS

    def test_the_caller_is_answered_with_what_the_callee_took(self):
        caller = sdp.parse(offer("m=audio 4000 RTP/AVP 0 8 9"))
        outward = sdp.make_offer(sdp.offer_codecs_like(caller, self.WIDE), session_id=8)
        callee = sdp.accept_answer(outward, sdp.parse(offer("m=audio 6000 RTP/AVP 8"))).audio
        answer = sdp.answer(caller, self.WIDE.preferring(callee.codecs), prefer="ours")
        assert answer.audio.codecs[0] == callee.codecs[0] == sdp.PCMA

    def test_no_codec_is_lost_where_the_caller_uses_every_number_otherwise(self):
        codecs = tuple(sdp.Codec(f"x{number}", 8000, payload_type=number) for number in range(96, 128))
        ours = sdp.Capabilities(
            address="192.0.2.1", port=20_000, codecs=(*codecs, sdp.Codec("y", 8000, payload_type=35))
        )
        lines = [f"a=rtpmap:{number} x{223 - number}/8000" for number in range(96, 128)]
        caller = sdp.parse(offer("m=audio 4000 RTP/AVP " + " ".join(map(str, range(96, 128))), *lines))
        liked = sdp.offer_codecs_like(caller, ours)
        assert len({codec.payload_type for codec in liked.codecs}) == 33
