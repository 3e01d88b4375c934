"""The exchanges of RFC 3264 10, played by our functions as Alice or as Bob.

Where the RFC's Bob takes video too, ours refuses it: the RFC leaves that to the answerer.
"""

import pytest

from mediacore import sdp
from tests.support.sdp_bodies import crlf

PCMU, G723, G729 = (sdp.Codec.parse(text) for text in ("PCMU/8000", "G723/8000", "G729/8000"))

ALICE_10_1 = crlf("""
v=0
o=alice 2890844526 2890844526 IN IP4 host.anywhere.com
s=
c=IN IP4 host.anywhere.com
t=0 0
m=audio 49170 RTP/AVP 0
a=rtpmap:0 PCMU/8000
m=video 51372 RTP/AVP 31
a=rtpmap:31 H261/90000
m=video 53000 RTP/AVP 32
a=rtpmap:32 MPV/90000
""")

BOB_10_1 = crlf("""
v=0
o=bob 2890844730 2890844730 IN IP4 host.example.com
s=
c=IN IP4 host.example.com
t=0 0
m=audio 49920 RTP/AVP 0
a=rtpmap:0 PCMU/8000
m=video 0 RTP/AVP 31
m=video 53000 RTP/AVP 32
a=rtpmap:32 MPV/90000
""")

BOB_10_1_LATER = crlf("""
v=0
o=bob 2890844730 2890844731 IN IP4 host.example.com
s=
c=IN IP4 host.example.com
t=0 0
m=audio 65422 RTP/AVP 0
a=rtpmap:0 PCMU/8000
m=video 0 RTP/AVP 31
m=video 53000 RTP/AVP 32
a=rtpmap:32 MPV/90000
m=audio 51434 RTP/AVP 110
a=rtpmap:110 telephone-events/8000
a=recvonly
""")

ALICE_10_2 = crlf("""
v=0
o=alice 2890844526 2890844526 IN IP4 host.anywhere.com
s=
c=IN IP4 host.anywhere.com
t=0 0
m=audio 62986 RTP/AVP 0 4 18
a=rtpmap:0 PCMU/8000
a=rtpmap:4 G723/8000
a=rtpmap:18 G729/8000
a=inactive
""")

BOB_10_2 = crlf("""
v=0
o=bob 2890844730 2890844731 IN IP4 host.example.com
s=
c=IN IP4 host.example.com
t=0 0
m=audio 54344 RTP/AVP 0 4
a=rtpmap:0 PCMU/8000
a=rtpmap:4 G723/8000
a=inactive
""")


def bob(**changes):
    return sdp.Capabilities(
        **{"address": "host.example.com", "port": 49_920, "codecs": (PCMU,), "username": "bob"} | changes
    )


def test_10_1_bob_takes_one_stream_and_refuses_the_others_in_their_places():
    answer = sdp.answer(sdp.parse(ALICE_10_1), bob(), session_id=2890844730, version=2890844730)
    origin = answer.description.origin
    assert (origin.username, origin.session_id, origin.version) == ("bob", "2890844730", "2890844730")
    assert [(m.kind, m.port, m.formats) for m in answer.description.media] == [
        ("audio", 49_920, ("0",)),
        ("video", 0, ("31",)),
        ("video", 0, ("32",)),
    ]


def test_10_1_alice_reads_which_of_her_streams_bob_took():
    agreed = sdp.accept_answer(sdp.parse(ALICE_10_1), sdp.parse(BOB_10_1))
    audio, refused, video = agreed.media
    assert (audio.remote_address, audio.remote_port, audio.codecs) == ("host.example.com", 49_920, (PCMU,))
    assert refused == sdp.Rejected("refused by the peer")
    assert (video.kind, video.remote_port, [str(c) for c in video.codecs]) == ("video", 53_000, ["MPV/90000"])
    assert agreed.audio == audio


def test_10_1_bob_moves_his_port_and_adds_a_stream_and_alice_answers_both():
    alice = sdp.Capabilities(address="host.anywhere.com", port=49_170, codecs=(PCMU,), username="alice")
    answer = sdp.answer(sdp.parse(BOB_10_1_LATER), alice, previous=sdp.parse(ALICE_10_1))
    assert answer.audio.remote_port == 65_422
    assert (answer.description.origin.session_id, answer.description.origin.version) == ("2890844526", "2890844527")
    assert [(m.kind, m.port) for m in answer.description.media] == [
        ("audio", 49_170),
        ("video", 0),
        ("video", 0),
        ("audio", 0),
    ]


def test_10_2_bob_keeps_the_codecs_that_he_has_while_nothing_flows():
    answer = sdp.answer(sdp.parse(ALICE_10_2), bob(port=54_344, codecs=(PCMU, G723)))
    assert answer.description.media[0].formats == ("0", "4")
    assert answer.audio.direction is sdp.Direction.INACTIVE


def test_10_2_alice_locks_one_codec_down():
    first = sdp.parse(ALICE_10_2)
    agreed = sdp.accept_answer(first, sdp.parse(BOB_10_2)).audio
    assert agreed.codecs == (PCMU, G723)
    assert (agreed.direction, agreed.held) == (sdp.Direction.INACTIVE, False)
    alice = sdp.Capabilities(address="host.anywhere.com", port=62_986, codecs=(G723,), username="alice")
    second = sdp.make_offer(alice, session_id=2890844526, previous=first)
    assert second.origin.version == "2890844527"
    assert (second.media[0].formats, sdp.direction(second, second.media[0])) == (("4",), "sendrecv")
    answer = sdp.answer(second, bob(port=54_344, codecs=(PCMU, G723)), previous=sdp.parse(BOB_10_2))
    assert answer.audio.codecs == (G723,)
    assert answer.description.origin.version == "2890844732"


def test_a_codec_that_bob_lost_meanwhile_is_refused():
    only_g723 = sdp.parse(ALICE_10_2.replace("AVP 0 4 18", "AVP 4"))
    with pytest.raises(sdp.NoCommonCodec, match="offered: G723/8000, ours: G729/8000"):
        sdp.answer(only_g723, bob(codecs=(G729,)))
