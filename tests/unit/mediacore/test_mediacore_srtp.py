"""SRTP beside libsrtp (by pylibsrtp): what one seals the other opens, and nothing is opened twice."""

import random

import pylibsrtp
import pytest

import mediacore as mc

PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}
PACKETS = 10_000
SSRC = 0x1234_5678


def oracle(key: mc.SrtpKey, *, sends: bool) -> pylibsrtp.Session:
    direction = pylibsrtp.Policy.SSRC_ANY_OUTBOUND if sends else pylibsrtp.Policy.SSRC_ANY_INBOUND
    policy = pylibsrtp.Policy(key=key.key, ssrc_type=direction, srtp_profile=PROFILES[key.suite])
    return pylibsrtp.Session(policy=policy)


def one_way(key: mc.SrtpKey) -> mc.Srtp:
    return mc.Srtp(send=key, receive=key)


def rtp(number: int, payload: bytes) -> bytes:
    fixed = b"\x80\x00" + (number & 0xFFFF).to_bytes(2, "big") + (number * 160 & 0xFFFF_FFFF).to_bytes(4, "big")
    return fixed + SSRC.to_bytes(4, "big") + payload


def packets(count: int, *, first: int = 0, seed: int = 1) -> list[bytes]:
    drawn = random.Random(seed)
    return [rtp(number, drawn.randbytes(drawn.randrange(0, 400))) for number in range(first, first + count)]


@pytest.fixture(params=PROFILES)
def key(request) -> mc.SrtpKey:
    return mc.new_key(request.param)


def test_libsrtp_opens_what_we_seal(key):
    clear = packets(PACKETS, first=60_000)  # over a wrap
    theirs = oracle(key, sends=False)
    assert [theirs.unprotect(sealed) for sealed in one_way(key).protect(clear)] == clear


def test_we_open_what_libsrtp_seals(key):
    clear = packets(PACKETS, first=60_000)
    theirs = oracle(key, sends=True)
    ours = one_way(key)
    assert ours.unprotect([theirs.protect(packet) for packet in clear]) == clear
    assert [stream.roll_overs for stream in ours.received()] == [1]


def test_no_packet_is_opened_twice(key):
    ours = one_way(key)
    sealed = ours.protect(packets(PACKETS))
    assert None not in ours.unprotect(sealed)
    assert ours.unprotect(sealed) == [None] * PACKETS


def test_both_hear_three_laps_with_a_fifth_of_them_lost():
    key = mc.new_key("AES_CM_128_HMAC_SHA1_80")
    sender, ours, theirs = one_way(key), one_way(key), oracle(key, sends=False)
    drawn = random.Random(3)
    for first in range(0, 3 * 65_536, 4096):
        clear = [rtp(number, b"abcd") for number in range(first, first + 4096)]
        kept = [packet for packet in zip(sender.protect(clear), clear, strict=True) if drawn.random() > 0.2]
        assert ours.unprotect([sealed for sealed, _ in kept]) == [packet for _, packet in kept]
        assert [theirs.unprotect(sealed) for sealed, _ in kept] == [packet for _, packet in kept]


def test_rtcp_is_understood_both_ways(key):
    report = bytes.fromhex("80c90001") + SSRC.to_bytes(4, "big")
    bye = bytes.fromhex("81cb0001") + SSRC.to_bytes(4, "big")
    ours = one_way(key)
    there, back = oracle(key, sends=False), oracle(key, sends=True)
    for packet in [report, report + bye, report] * 20:
        assert there.unprotect_rtcp(ours.protect_rtcp(packet)) == packet
        sealed = back.protect_rtcp(packet)
        assert ours.unprotect_rtcp(sealed) == packet
        assert ours.unprotect_rtcp(sealed) is None
    assert [stream.rtcp_index for stream in ours.sent()] == [59]


def test_a_change_of_keys_is_heard_with_what_was_on_its_way():
    old, new = mc.new_key(), mc.new_key()
    before, after = oracle(old, sends=True), oracle(new, sends=True)
    ours = one_way(old)
    clear = packets(40)
    sealed = [before.protect(packet) for packet in clear[:20]] + [after.protect(packet) for packet in clear[20:]]
    late = [sealed.pop(18), sealed.pop(18)]
    assert None not in ours.unprotect(sealed[:18])
    ours.rekey(receive=new)
    assert ours.unprotect([sealed[18], *late, *sealed[19:]]) == [clear[20], *clear[18:20], *clear[21:]]
    assert ours.unprotect(late) == [None, None]
    ours.rekey(send=new)
    continued = packets(1, first=40)
    assert oracle(new, sends=False).unprotect(ours.protect(continued)[0]) == continued[0]


def test_several_keys_are_told_apart_by_their_identifiers():
    first, second, third = (
        mc.SrtpKey(key.suite, key.key, mki=bytes([0, number])) for number, key in enumerate(mc.new_key() for _ in "123")
    )
    receiver = mc.Srtp(send=first, receive=[first, second])
    clear = packets(3)
    sealed = [one_way(key).protect([packet])[0] for key, packet in zip([first, second, third], clear, strict=True)]
    assert receiver.unprotect(sealed) == [*clear[:2], None]


def test_what_is_no_packet_is_refused_alone():
    ours = one_way(mc.new_key())
    (good,) = packets(1)
    sealed = ours.protect([good, b"", b"\x80", b"GET / HTTP/1.1", b"\x9f" * 13])
    assert sealed[0] is not None
    assert sealed[1:] == [None] * 4
    assert ours.unprotect([b"", *sealed[:1]]) == [None, good]
    with pytest.raises(ValueError, match="neither RTP nor RTCP"):
        ours.protect_rtcp(b"\x80\x00")
    assert ours.unprotect_rtcp(b"\x80\xc9") is None


def test_a_stream_goes_on_elsewhere_without_opening_anything_again():
    key = mc.new_key("AEAD_AES_256_GCM")
    here, there = one_way(key), one_way(key)
    sealed = here.protect(packets(100, first=65_500))
    here.unprotect(sealed)
    there.restore(sent=here.sent(), received=here.received())
    assert there.unprotect(sealed) == [None] * 100
    (following,) = packets(1, first=65_600)
    assert here.unprotect(there.protect([following])) == [following]
    with pytest.raises(ValueError, match="ssrcs_max"):
        mc.Srtp(send=key, receive=key, ssrcs_max=1).restore(
            received=[mc.SrtpStream(ssrc, 1, None) for ssrc in range(2)]
        )


def test_one_source_too_many_is_refused():
    ours = mc.Srtp(send=(key := mc.new_key()), receive=key, ssrcs_max=2)
    sources = [packet[:8] + bytes([0, 0, 0, number]) + packet[12:] for number, packet in enumerate(packets(3))]
    assert [sealed is None for sealed in ours.protect(sources)] == [False, False, True]


@pytest.mark.parametrize(
    ("suite", "octets", "said"),
    [("AES_CM_128_HMAC_SHA1_80", 29, "29 octets instead of 30"), ("ROT13", 30, "no crypto suite 'ROT13'")],
)
def test_a_key_that_is_none_is_named_without_showing_it(suite, octets, said):
    with pytest.raises(ValueError, match=said) as caught:
        mc.SrtpKey(suite, b"\xab" * octets)
    assert "ab" * 4 not in str(caught.value).lower().replace("\\x", "")


def test_keys_that_cannot_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="different identifiers"):
        mc.Srtp(send=mc.new_key(), receive=[mc.new_key(), mc.new_key()])


def test_no_text_of_a_key_shows_it():
    key = mc.SrtpKey("AES_CM_128_HMAC_SHA1_80", b"secret key and salt, 30 octets")
    keys = mc.SrtpKeys(key, (key,))
    assert "secret" not in f"{key!r} {keys!r} {mc.RtpParams(srtp=keys)!r}"
