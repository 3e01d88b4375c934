"""What Asterisk says on its manager interface is read as it was meant."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.asterisk import read_block

NAMES = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=20)
VALUES = st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=60).map(str.strip)


@given(fields=st.dictionaries(NAMES, VALUES, max_size=8))
def test_the_fields_of_an_event_come_back_as_they_were_written(fields: dict[str, str]):
    assert read_block("\r\n".join(f"{name}: {text}" for name, text in fields.items())) == fields


def test_the_lines_of_a_commands_output_stay_together_and_in_order():
    text = "Response: Success\r\nOutput: one\r\nOutput: two: three\r\nOutput: "
    assert read_block(text) == {"Response": "Success", "Output": "one\ntwo: three\n"}


@given(text=st.text())
def test_nothing_that_is_said_is_too_much_for_it(text: str):
    assert all(name in text for name in read_block(text))
