"""The transcoding bench without a subject: what it reckons, and what it says to the peers."""

import pytest

from bench.media.asterisk import configure
from bench.media.phone_sdp import phone_sdp
from bench.media.processes import Usage
from bench.media.transcode import PAIRS, reckon, rows


def usage(at: float, subject_s: float) -> Usage:
    return Usage(at, subject_s, generator_s=0.0, idle_s=0.0)


def test_a_packet_costs_what_the_subject_worked_over_what_the_phones_received():
    taken = reckon((usage(10.0, 1.0), 1000, 5), (usage(15.0, 1.25), 11_000, 105))
    assert taken.packet_us == pytest.approx(25.0)
    assert taken.lost_percent == pytest.approx(100 * 100 / 10_100)


def test_silence_is_no_cheap_packet():
    with pytest.raises(RuntimeError, match="nothing came"):
        reckon((usage(10.0, 1.0), 1000, 5), (usage(15.0, 1.25), 1000, 5))


def test_a_row_names_its_work_and_how_to_repeat_it():
    taken = reckon((usage(10.0, 1.0), 0, 0), (usage(15.0, 1.25), 10_000, 0))
    row = rows("ours", "pcmu-opus", 50, [taken])[0]
    assert (row.work, row.unit) == ("pcmu-opus-50", "µs CPU/packet")
    assert row.median == pytest.approx(25.0)
    assert row.command.endswith("--work pcmu-opus --calls 50")


def test_peers_are_told_the_codecs_of_both_sides(tmp_path):
    pair = PAIRS["pcmu-g722"]
    configure(tmp_path, callee=("127.0.0.1", 5099), allow=pair.allow)
    assert "allow = ulaw,g722" in (tmp_path / "pjsip.conf").read_text()
    sdp = phone_sdp(("127.0.0.1", 4000), pair.codecs[1])
    assert b"m=audio 4000 RTP/AVP 9\r\na=rtpmap:9 G722/8000\r\n" in sdp
