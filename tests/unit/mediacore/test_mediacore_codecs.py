"""Codecs of a leg: what a peer's fmtp makes of Opus, and how the text of a codec carries it."""

import pytest
from mediacore.codecs import codec_texts, opus_options

import mediacore as mc
from mediacore import sdp


def opus(fmtp=None):
    return sdp.Codec("opus", 48000, channels=2, payload_type=111, fmtp=fmtp)


@pytest.mark.parametrize(
    ("fmtp", "expected"),
    [
        (None, mc.OpusOptions()),
        ("maxplaybackrate=16000; stereo=1", mc.OpusOptions(max_rate_hz=16_000)),
        ("maxplaybackrate=12000", mc.OpusOptions(max_rate_hz=8_000)),
        ("maxplaybackrate=4000", mc.OpusOptions(max_rate_hz=8_000)),
        ("maxaveragebitrate=12000;cbr=1", mc.OpusOptions(bitrate_bps=12_000, constant_bitrate=True)),
        ("maxaveragebitrate=64000;usedtx=1", mc.OpusOptions(dtx=True)),
        ("maxaveragebitrate=1;useinbandfec=0", mc.OpusOptions(bitrate_bps=6_000, fec=False)),
        ("useinbandfec=1;minptime=10", mc.OpusOptions()),
        ("maxplaybackrate=²;maxaveragebitrate=-1;usedtx=yes;x", mc.OpusOptions()),
        ("maxplaybackrate=99999999999999999999", mc.OpusOptions()),
    ],
)
def test_opus_is_encoded_as_the_peer_asks(fmtp, expected):
    assert mc.OpusOptions.wanted_by(opus(fmtp)) == expected


def test_a_codec_goes_through_its_text_with_what_steers_the_encoder():
    codecs = (opus("maxplaybackrate=16000"), sdp.PCMU, None, sdp.TELEPHONE_EVENT, sdp.PCMU)
    texts = codec_texts(codecs)
    assert texts == ("111 opus/48000/2 maxplaybackrate=16000", "0 PCMU/8000", "101 telephone-event/8000")
    assert [sdp.Codec.parse(text).text for text in texts] == list(texts)
    assert opus_options(map(sdp.Codec.parse, texts)).max_rate_hz == 16_000
    assert opus_options([sdp.PCMU]) == mc.OpusOptions()


@pytest.mark.parametrize(
    "wrong", [{"bitrate_bps": 5_999}, {"bitrate_bps": 510_001}, {"complexity": 11}, {"max_rate_hz": 44_100}]
)
def test_what_opus_cannot_do_is_refused(wrong):
    with pytest.raises(ValueError, match="of Opus"):
        mc.OpusOptions(**wrong)
