"""Properties over all descriptions: what is valid comes back, what is not says so, and nothing else ever happens."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mediacore import sdp
from tests.support import sdp_bodies

TOKEN = st.text("abcXYZ019-._", min_size=1, max_size=8)
NUMBER = st.integers(0, 10**18).map(str)
# Any character but those that end a line (RFC 8866 9 byte-string), lone surrogates for stray bytes among them.
TEXT = st.text(st.characters(exclude_characters="\r\n\0"), max_size=20)
WORDS = st.lists(TOKEN, min_size=1, max_size=4).map(" ".join)
ADDRESS = st.sampled_from(["IP4 192.0.2.1", "IP4 host.example.com", "IP4 224.2.1.1/127/3", "IP6 2001:db8::1"])


def lines(letter, value, *, minimum=0, maximum=1):
    return st.lists(value.map(f"{letter}={{}}".format), min_size=minimum, max_size=maximum)


@st.composite
def sections(draw, *parts):
    """Lists of lines, one behind the other."""
    return [line for part in parts for line in draw(part)]


def one(letter, value):
    return lines(letter, value, minimum=1)


def many(letter, value):
    return lines(letter, value, maximum=3)


ATTRIBUTE = st.one_of(TOKEN, st.tuples(TOKEN, TEXT).map(":".join))
BANDWIDTH = st.tuples(TOKEN, NUMBER).map(":".join)
PORT = st.one_of(
    st.integers(0, 65_535).map(str),
    st.tuples(st.integers(0, 65_535), st.integers(0, 65_535)).map("{0[0]}/{0[1]}".format),
)
CONNECTION = ADDRESS.map("IN {}".format)
TIME = sections(one("t", WORDS), many("r", WORDS), lines("z", WORDS))
MEDIA = sections(
    one("m", st.tuples(TOKEN, PORT, TOKEN, WORDS).map(" ".join)),
    lines("i", TEXT),
    many("c", CONNECTION),
    many("b", BANDWIDTH),
    lines("k", WORDS),
    many("a", ATTRIBUTE),
)


def repeated(section):
    return st.lists(section, max_size=3).map(lambda found: [line for lines in found for line in lines])


VALID = sections(
    st.just(["v=0"]),
    one("o", st.tuples(TOKEN, NUMBER, NUMBER, st.just("IN"), ADDRESS).map(" ".join)),
    one("s", TEXT),
    lines("i", TEXT),
    lines("u", TEXT),
    many("e", TEXT),
    many("p", TEXT),
    lines("c", CONNECTION),
    many("b", BANDWIDTH),
    TIME,
    repeated(TIME),
    lines("k", WORDS),
    many("a", ATTRIBUTE),
    repeated(MEDIA),
)


@given(VALID, st.sampled_from(["\r\n", "\n"]), st.booleans())
def test_what_is_valid_is_written_as_it_was_read(valid, line_end, ends_with_one):
    text = line_end.join(valid) + (line_end if ends_with_one else "")
    written = sdp.write(sdp.parse(text))
    # Blank lines at the end are forgiven, so an empty last line cannot be told from one: every line here has x=.
    assert written == "".join(f"{line}\r\n" for line in valid)
    assert sdp.write(sdp.parse(written)) == written


OURS = sdp.Capabilities(address="192.0.2.1", port=20_000)


def feed(text):
    """Everything that a peer's text can reach; the errors are the documented ones or the test fails."""
    try:
        description = sdp.parse(text)
    except sdp.BadSdp:
        return
    assert sdp.parse(sdp.write(description)) == description
    for media in description.media:
        sdp.codecs(media)
        sdp.ssrcs(media)
        sdp.direction(description, media)
        sdp.ptime_ms(description, media)
        sdp.max_ptime_ms(description, media)
        sdp.rtcp_destination(description, media)
    as_answer(description)
    as_offer(description)


def as_answer(description):
    asked = sdp.make_offer(sdp.offer_codecs_like(description, OURS), session_id=1)
    assert sdp.parse(sdp.write(asked)) == asked
    for offer in (asked, description):
        with contextlib.suppress(sdp.BadAnswer):
            sdp.accept_answer(offer, description)


def as_offer(description):
    try:
        answer = sdp.answer(description, OURS)
    except sdp.NoCommonCodec:
        return
    assert sdp.parse(sdp.write(answer.description)) == answer.description
    assert sdp.write(answer.description).isascii()  # so that no stray byte of the peer's fails where it is encoded
    assert len(answer.media) == len(description.media)
    # Who reads our answer the way that we read theirs finds the other half of what we found.
    seen_by_the_peer = sdp.accept_answer(description, answer.description).audio
    assert seen_by_the_peer.receive_codecs[0].same_as(answer.audio.codecs[0])
    assert seen_by_the_peer.rtcp_mux == answer.audio.rtcp_mux
    if answer.audio.remote_address is not None:
        assert seen_by_the_peer.direction == answer.audio.direction.reversed


@given(st.one_of(st.text(), st.binary()))
@example("=")
@example("v")
@example("v=0\n=\n")
def test_any_text_at_all_is_refused_or_read(text):
    feed(text)


INTERESTING = st.sampled_from(
    [
        "m=audio 4000 RTP/AVP 0 8 96 101",
        "m=audio 65535 RTP/AVPF 8",
        "m=vide\udcff 4000 RTP/AVP 31",
        "m=audio 0 RTP/AVP 0",
        "m=video 4000 RTP/AVP 31",
        "m=audio 4000 RTP/AVP 0 128 x -1 0",
        "c=IN IP4 192.0.2.9",
        "c=IN IP4 0.0.0.0",
        "c=IN IP4 224.2.1.1/127",
        "c=IN IP6 ::",
        "c=IN IP6 fe80::1%eth0",
        "c=IN IP4 999.1.1.1",
        "c=X Y " + "z" * 300,
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:96 telephone-event/8000",
        "a=rtpmap:101 telephone-event/48000",
        "a=rtpmap:8",
        "a=rtpmap:96 /8000",
        "a=rtpmap:0 PCMU/0/0",
        "a=rtpmap:0 pcmu/8000/1",
        "a=rtpmap",
        "a=fmtp:96",
        "a=fmtp:",
        "a=ptime:0",
        "a=ptime:²",
        "a=maxptime:10",
        "a=rtcp:",
        "a=rtcp:70000",
        "a=rtcp:5 IN IP4 255.255.255.255",
        "a=rtcp-mux",
        "a=sendonly",
        "a=inactive ",
        "a=ssrc:x y",
        "a=ssrc:1 cname:x",
    ]
)


@given(st.lists(st.one_of(INTERESTING, TEXT, ATTRIBUTE.map("a={}".format)), max_size=12))
def test_any_mixture_of_plausible_lines_is_refused_or_negotiated(mixture):
    feed("\n".join(["v=0", "o=- 1 1 IN IP4 192.0.2.9", *mixture]))


@given(
    st.sampled_from(sorted(sdp_bodies.EVERY_BODY)),
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 3), st.binary(max_size=3)), min_size=1, max_size=5),
)
def test_any_mutation_of_a_real_body_is_refused_or_negotiated(name, mutations):
    body = sdp_bodies.EVERY_BODY[name].encode()
    for position, removed, inserted in mutations:
        position %= len(body) + 1
        body = body[:position] + inserted + body[position + removed :]
    feed(body)


@pytest.mark.parametrize("value", ["x\r\nm=audio 1 RTP/AVP 0", "x\ny", "x\0y"])
def test_a_value_cannot_add_a_line(value):
    description = sdp.make_offer(sdp.Capabilities(address="192.0.2.1", port=20_000, session_name=value), session_id=1)
    with pytest.raises(ValueError, match="a line end or NUL inside"):
        sdp.write(description)
