"""Keys in SDP: a=crypto as text (RFC 4568 9), and who agrees on which (7, RFC 8643)."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediacore import sdp
from tests.support import sdp_bodies
from tests.support.sdp_bodies import offer

KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"  # of RFC 4568's examples: 30 octets
OTHER_KEY = "NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj"
AES = "AES_CM_128_HMAC_SHA1_80"
SHORT = "AES_CM_128_HMAC_SHA1_32"
LONG = "AES_256_CM_HMAC_SHA1_80"
GCM = "AEAD_AES_128_GCM"


def key(suite=AES, octet=1, **more):
    return sdp.SrtpKey(suite, bytes([octet]) * sdp.KEY_OCTETS[suite], **more)


def able(srtp="optional", suites=(GCM, AES)):
    return sdp.Capabilities(address="192.0.2.1", port=20_000, srtp=srtp, crypto=tuple(map(key, suites)))


def answer(*lines, ours=None):
    return sdp.answer(sdp.parse(offer(*lines, connection="IN IP4 192.0.2.9")), ours or able())


def crypto(description):
    return sdp.crypto_lines(description.media[0])


class TestLine:
    def test_the_line_of_rfc_4568_6_1(self):
        line = sdp.CryptoLine.parse(f"1 {AES} inline:{KEY}|2^20|1:4;inline:{OTHER_KEY}|2^20|2:4")
        assert (line.tag, line.suite) == (1, AES)
        assert [(one.mki, one.lifetime_packets) for one in line.keys] == [(b"\0\0\0\1", 2**20), (b"\0\0\0\2", 2**20)]
        assert line.keys[0].key == b"YS___semctl () {\t220;}\n}\nunles"
        assert line.attribute.value == f"1 {AES} inline:{KEY}|2^20|1:4;inline:{OTHER_KEY}|2^20|2:4"

    @pytest.mark.parametrize(
        ("rest", "lifetime", "mki"),
        [
            ("", None, b""),
            ("|1066:4", None, b"\0\0\x04\x2a"),
            ("|2^31", 2**31, b""),
            ("|70000|7:1", 70_000, b"\7"),
            ("|2^63", 2**48, b""),
            (" KDR=0 WSH=128", None, b""),
        ],
    )
    def test_what_may_follow_the_key(self, rest, lifetime, mki):
        (found,) = sdp.CryptoLine.parse(f"1 {AES} inline:{KEY}{rest}").keys
        assert (found.lifetime_packets, found.mki) == (lifetime, mki)

    def test_padding_that_was_left_out_and_spaces_are_borne(self):
        padded = sdp.CryptoLine.parse(f" 7  {GCM}  inline:{'A' * 38}== ")
        assert sdp.CryptoLine.parse(f"7 {GCM} inline:{'A' * 38}") == padded

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            (f"1 {AES} inline:{KEY} UNENCRYPTED_SRTP", "UNENCRYPTED_SRTP"),
            (f"1 {AES} inline:{KEY} UNENCRYPTED_SRTCP", "UNENCRYPTED_SRTCP"),
            (f"1 {AES} inline:{KEY} UNAUTHENTICATED_SRTP", "UNAUTHENTICATED_SRTP"),
            (f"1 {AES} inline:{KEY} KDR=12", "KDR=12"),
            (f"1 {AES} inline:{KEY} FEC_ORDER=FEC_SRTP", "FEC_ORDER"),
            (f"1 {AES} inline:{KEY} -whatever", "whatever"),
            (f"1 F8_128_HMAC_SHA1_80 inline:{KEY}", "F8_128"),
            (f"1 {AES} uri:{KEY}", "inline"),
            (f"1 {AES} inline:{KEY[:-4]}", "27 octets instead of 30"),
            (f"1 {AES} inline:{KEY}|hello", "neither"),
            (f"1 {AES} inline:{KEY}|1:0", "MKI"),
            (f"1 {AES} inline:{KEY}|256:1", "MKI"),
            (f"1 {AES} inline:{KEY}|1:129", "MKI"),
            (f"1 {AES} inline:{KEY}|0", "lifetime"),
            (f"1 {AES} inline:{KEY};inline:{OTHER_KEY}", "identifiers"),
            (f"1 {AES} inline:{KEY}|1:1;inline:{OTHER_KEY}|1:2", "identifiers"),
            (f"x {AES} inline:{KEY}", "form"),
            ("", "form"),
        ],
    )
    def test_a_line_that_cannot_be_used_says_why_and_shows_no_key(self, value, said):
        with pytest.raises(ValueError, match=said) as caught:
            sdp.CryptoLine.parse(value)
        assert KEY[:12] not in str(caught.value)
        assert sdp.crypto_lines(sdp.MediaDescription("audio", 1, "RTP/SAVP", (), attributes=(
            sdp.Attribute("crypto", value), sdp.Attribute("crypto", f"2 {AES} inline:{OTHER_KEY}"),
        )))[0].tag == 2, "the others count"  # fmt: skip

    @given(
        tag=st.integers(0, 10**9 - 1),
        suite=st.sampled_from(sorted(sdp.KEY_OCTETS)),
        material=st.binary(min_size=46, max_size=46),
        mki_octets=st.integers(0, 128),
        lifetime=st.none() | st.integers(1, 2**48),
        count=st.integers(1, 3),
    )
    def test_what_is_written_reads_back(self, tag, suite, material, mki_octets, lifetime, count):
        count = count if mki_octets else 1
        key = material[: sdp.KEY_OCTETS[suite]]
        identifiers = [number.to_bytes(mki_octets, "big") for number in range(count)]
        keys = tuple(sdp.SrtpKey(suite, key, mki, lifetime) for mki in identifiers)
        line = sdp.CryptoLine(tag, suite, keys)
        assert sdp.CryptoLine.parse(line.attribute.value or "") == line

    @given(st.text(max_size=200) | st.text("1 inle:=|;^AESCM_", max_size=200))
    def test_any_text_at_all_is_a_line_or_a_value_error(self, text):
        with contextlib.suppress(ValueError):
            sdp.CryptoLine.parse(text)


class TestAnswer:
    def test_the_first_of_ours_that_is_offered_is_taken_under_the_offers_tag(self):
        found = answer(
            "m=audio 4000 RTP/SAVP 0",
            f"a=crypto:3 {AES} inline:{KEY}",
            f"a=crypto:5 {GCM} inline:{'A' * 38}",
            f"a=crypto:6 {SHORT} inline:{KEY}",
        )
        (line,) = crypto(found.description)
        assert (found.description.media[0].protocol, line.tag, line.suite) == ("RTP/SAVP", 5, GCM)
        assert found.audio.srtp == sdp.SrtpKeys(key(GCM), (sdp.SrtpKey(GCM, bytes(28)),))
        assert line.keys == (key(GCM),), "our key, and another than the peer's"

    @pytest.mark.parametrize("protocol", ["RTP/SAVP", "RTP/SAVPF", "RTP/AVP", "RTP/AVPF"])
    def test_keys_are_taken_in_every_profile_and_the_profile_is_answered(self, protocol):
        found = answer(f"m=audio 4000 {protocol} 0", f"a=crypto:1 {AES} inline:{KEY}")
        assert found.description.media[0].protocol == protocol
        assert found.audio.srtp is not None

    @pytest.mark.parametrize(
        ("srtp", "lines", "said"),
        [
            ("off", ["m=audio 4000 RTP/SAVP 0", f"a=crypto:1 {AES} inline:{KEY}"], "RTP/SAVP"),
            ("optional", ["m=audio 4000 RTP/SAVP 0"], "no a=crypto"),
            ("optional", ["m=audio 4000 RTP/SAVP 0", f"a=crypto:1 {SHORT} inline:{KEY}"], "no common crypto suite"),
            ("required", ["m=audio 4000 RTP/AVP 0"], "SRTP is required"),
            ("required", ["m=audio 4000 RTP/AVP 0", f"a=crypto:1 {AES} inline:{KEY} KDR=3"], "SRTP is required"),
        ],
    )
    def test_what_cannot_be_is_refused(self, srtp, lines, said):
        with pytest.raises(sdp.NoCommonCodec, match=said):
            answer(*lines, ours=able(srtp))

    @pytest.mark.parametrize("srtp", ["off", "optional"])
    def test_plain_rtp_stays_plain_where_nothing_else_is_needed(self, srtp):
        found = answer("m=audio 4000 RTP/AVP 0", ours=able(srtp))
        assert found.audio.srtp is None
        assert crypto(found.description) == ()

    def test_a_secure_stream_is_taken_before_a_plain_one_that_follows(self):
        found = answer("m=audio 4000 RTP/SAVP 0", f"a=crypto:1 {AES} inline:{KEY}", "m=audio 4000 RTP/AVP 0")
        assert [section.port for section in found.description.media] == [20_000, 0]

    def test_the_suite_is_answered_as_it_was_spelled(self):
        found = answer(
            "m=audio 4000 RTP/SAVP 0",
            f"a=crypto:1 AES_CM_256_HMAC_SHA1_80 inline:{'A' * 62}",
            ours=able(suites=(LONG,)),
        )
        assert crypto(found.description)[0].suite == "AES_CM_256_HMAC_SHA1_80"
        assert found.audio.srtp.send.suite == LONG

    def test_a_yealink_gets_srtp_where_we_may(self):
        found = sdp.answer(sdp.parse(sdp_bodies.YEALINK), able())
        assert found.audio.srtp.send == key(AES)


class TestOffer:
    def agreed(self, ours, theirs):
        made = sdp.parse(sdp.write(sdp.make_offer(ours, session_id=1)))
        answered = sdp.answer(made, theirs)
        back = sdp.parse(sdp.write(answered.description))
        return made, answered.audio, sdp.accept_answer(made, back).audio

    @pytest.mark.parametrize(
        ("ours", "theirs", "protocol", "is_secure"),
        [
            ("required", "required", "RTP/SAVP", True),
            ("required", "optional", "RTP/SAVP", True),
            ("optional", "optional", "RTP/AVP", True),
            ("optional", "required", "RTP/AVP", True),
            ("optional", "off", "RTP/AVP", False),
            ("off", "optional", "RTP/AVP", False),
        ],
    )
    def test_both_sides_come_to_the_same_keys(self, ours, theirs, protocol, is_secure):
        mine = sdp.Capabilities(
            address="192.0.2.7", port=30_000, srtp=ours, crypto=(key(AES, 7), key(GCM, 8)) if ours != "off" else ()
        )
        made, there, here = self.agreed(mine, able(theirs))
        assert made.media[0].protocol == protocol
        if not is_secure:
            assert (there.srtp, here.srtp) == (None, None)
            return
        assert here.srtp == sdp.SrtpKeys(there.srtp.receive[0], (there.srtp.send,))
        assert here.srtp.send == key(GCM, 8), "in the answerer's order"

    def test_who_requires_it_gets_no_call_from_who_has_it_not(self):
        with pytest.raises(sdp.NoCommonCodec):
            self.agreed(able("required"), able("off"))

    @pytest.mark.parametrize(
        ("lines", "said"),
        [
            ([], "no a=crypto line for RTP/SAVP"),
            ([f"a=crypto:9 {AES} inline:{KEY}"], "answers none"),
            ([f"a=crypto:2 {GCM} inline:{'A' * 38}"], "answers none"),
            ([f"a=crypto:2 {AES} inline:{KEY} UNENCRYPTED_SRTP"], "answers none"),
        ],
    )
    def test_an_answer_that_protects_by_nothing_of_ours_is_none(self, lines, said):
        made = sdp.make_offer(able("required"), session_id=1)
        answered = sdp.parse(offer("m=audio 4000 RTP/SAVP 0", *lines, connection="IN IP4 192.0.2.9"))
        with pytest.raises(sdp.BadAnswer, match=said):
            sdp.accept_answer(made, answered)

    def test_keys_that_were_not_offered_are_nobodys(self):
        made = sdp.make_offer(able("off"), session_id=1)
        answered = offer("m=audio 4000 RTP/AVP 0", f"a=crypto:1 {AES} inline:{KEY}", connection="IN IP4 192.0.2.9")
        assert sdp.accept_answer(made, sdp.parse(answered)).audio.srtp is None

    def test_a_reoffer_keeps_profile_and_keys_and_changes_nothing_by_itself(self):
        ours = able("required")
        taken = sdp.answer(sdp.parse(offer("m=audio 4000 RTP/SAVPF 0", f"a=crypto:1 {AES} inline:{KEY}",
                                           connection="IN IP4 192.0.2.9")), ours)  # fmt: skip
        again = sdp.make_offer(ours, session_id=1, previous=taken.description)
        assert again.media[0].protocol == "RTP/SAVPF"
        assert [line.keys for line in crypto(again)] == [(key(GCM),), (key(AES),)]
        assert sdp.make_offer(ours, session_id=1, previous=again) is again

    def test_keys_beside_rtp_avp_stay_there_in_a_reoffer(self):
        ours = able("required")
        taken = answer("m=audio 4000 RTP/AVP 0", f"a=crypto:1 {AES} inline:{KEY}", ours=ours)
        assert sdp.make_offer(ours, session_id=1, previous=taken.description).media[0].protocol == "RTP/AVP"


class TestSecrecy:
    def test_no_text_of_a_description_or_an_agreement_shows_a_key(self):
        found = answer("m=audio 4000 RTP/SAVP 0", f"a=crypto:1 {AES} inline:{KEY}")
        ours = sdp.write(found.description).partition("inline:")[2][:16]
        for value in (found, found.audio, found.description, sdp.parse(sdp.write(found.description)), able()):
            assert KEY not in repr(value)
            assert ours not in repr(value)

    def test_a_broken_line_with_a_key_is_not_shown(self):
        with pytest.raises(sdp.BadSdp) as caught:
            sdp.parse(sdp_bodies.YEALINK.replace("a=crypto:1 AES", "a=crypto:1\0AES"))
        assert "NzB4" not in str(caught.value) + caught.value.line

    def test_srtp_needs_keys_and_a_suite_has_one(self):
        with pytest.raises(ValueError, match="without a key"):
            sdp.Capabilities(address="192.0.2.1", port=20_000, srtp="optional")
        with pytest.raises(ValueError, match="given twice"):
            able(suites=(AES, AES))
