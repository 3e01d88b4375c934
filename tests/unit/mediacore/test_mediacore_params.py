"""What a leg is told: addresses, codecs, and what SDP makes of them."""

import pytest
from mediacore.sdp import AgreedMedia, Codec, Direction

import mediacore as mc
from mediacore import params


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("192.0.2.7:4000", ("192.0.2.7", 4000)),
        ("[2001:db8::7]:4000", ("2001:db8::7", 4000)),
        (("192.0.2.7", 0), ("192.0.2.7", 0)),
        (None, None),
    ],
)
def test_an_address_may_be_written_in_two_ways(given, wanted):
    assert params.address_of(given) == wanted


@pytest.mark.parametrize("wrong", ["192.0.2.7", "192.0.2.7:", ":4000", "phone:4000", "192.0.2.7:70000", "192.0.2.7:-1"])
def test_what_is_no_address_is_refused(wrong):
    with pytest.raises(ValueError, match=r"."):
        mc.RtpParams(remote=wrong).native()


def test_payload_types_are_said_or_come_from_rfc_3551():
    assert params._formats(["PCMA/8000", "101 telephone-event/8000", "97 opus/48000/2"]) == [
        (8, "PCMA/8000", 8000),
        (101, "telephone-event/8000", 8000),
        (97, "opus/48000/2", 48_000),
    ]


def agreed(**changes):
    given = {
        "remote_address": "192.0.2.7",
        "remote_port": 4000,
        "remote_rtcp": ("192.0.2.7", 4005),
        "codecs": (Codec.parse("PCMA/8000"),),
        "direction": Direction.SENDONLY,
        "ptime_ms": 40,
        "rtcp_mux": False,
        "telephone_event": Codec.parse("101 telephone-event/8000"),
        "held": False,
        "receive_codecs": (Codec.parse("PCMA/8000"), Codec.parse("96 telephone-event/8000")),
    }
    return AgreedMedia(**{**given, **changes})


def test_an_agreement_becomes_what_the_leg_is_told():
    told = mc.RtpParams.agreed(agreed(), signalling_address="198.51.100.1")
    assert told.remote == ("192.0.2.7", 4000)
    assert told.remote_rtcp == ("192.0.2.7", 4005)
    assert told.codecs == ("8 PCMA/8000", "101 telephone-event/8000")
    assert told.receive_codecs == ("8 PCMA/8000", "96 telephone-event/8000")
    assert (told.direction, told.ptime_ms, told.signalling_address) == ("sendonly", 40, "198.51.100.1")
    told.native()


@pytest.mark.parametrize("nowhere", [{"remote_address": None}, {"remote_port": 0}])
def test_a_peer_that_wants_nothing_is_sent_nothing(nowhere):
    assert mc.RtpParams.agreed(agreed(**nowhere)).remote is None
