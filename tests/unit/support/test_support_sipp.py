"""Our SIPp scenarios are whole, and its statistics are read right."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.baresip import split_netstrings
from tests.support.sipp import SCENARIOS, assembled, last_row, received_again


@pytest.mark.parametrize("scenario", sorted(path.stem for path in SCENARIOS.glob("*.xml")))
def test_a_scenario_is_sound_xml_with_all_its_parts(scenario: str):
    text = assembled(scenario)
    assert "<?include" not in text
    ElementTree.fromstring(text)


def test_every_part_is_used():
    parts = {path.name for path in (SCENARIOS / "parts").iterdir()}
    text = "".join(path.read_text() for path in SCENARIOS.glob("*.xml"))
    assert {part for part in parts if f"<?include {part}?>" not in text} == set()


def test_what_came_again_is_told_from_what_was_sent_again():
    counts = {"0_INVITE_Sent": "2", "0_INVITE_Retrans": "7", "2_200_Recv": "2", "2_200_Retrans": "1"}
    counts |= {"3_180_Recv": "1", "3_180_Retrans": "0"}
    assert received_again(counts) == {"2_200": 1}


def test_statistics_are_those_of_the_last_line(tmp_path: Path):
    (tmp_path / "s.csv").write_text("A(C);B(C);\n1;2;\n3;;\n")
    assert last_row(tmp_path / "s.csv") == {"A(C)": "3", "B(C)": "0"}


@given(st.lists(st.binary(max_size=50)), st.binary(max_size=5))
def test_netstrings_come_apart_wherever_the_stream_was_cut(texts: list[bytes], cut: bytes):
    whole = b"".join(b"%d:%s," % (len(text), text) for text in texts)
    beginning = b"1000:" + cut
    assert split_netstrings(whole + beginning) == [*texts, beginning]
    assert split_netstrings(whole) == [*texts, b""]
