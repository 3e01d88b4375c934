"""INFO bodies with digits: as telephones write them, and any bytes at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.call.digit_info import (
    DIGITS,
    DURATION_MAX_MS,
    DURATION_MS,
    MEDIA_TYPES,
    PLAIN,
    RELAY,
    BadDigit,
    InfoDigit,
    read_digit,
    write_digit,
)


@pytest.mark.parametrize(
    ("media_type", "body", "digit"),
    [
        (RELAY, b"Signal=5\r\nDuration=160\r\n", InfoDigit("5", 160)),
        (RELAY, b"Signal= 5\r\nDuration= 160\r\n", InfoDigit("5", 160)),  # Cisco
        (RELAY, b"Signal=#\nDuration=250", InfoDigit("#", 250)),
        (RELAY, b"signal=d\r\nduration=90\r\n", InfoDigit("D", 90)),
        (RELAY, b"Signal=10\r\nDuration=100\r\n", InfoDigit("*", 100)),
        (RELAY, b"Signal=11\r\n", InfoDigit("#", DURATION_MS)),
        (RELAY, b"Duration=forever\r\nSignal=1", InfoDigit("1", DURATION_MS)),
        (RELAY, b"Signal=1\r\nDuration=99999999", InfoDigit("1", DURATION_MAX_MS)),
        (PLAIN, b"5", InfoDigit("5")),
        (PLAIN, b" * \r\n", InfoDigit("*")),
        (PLAIN, b"11", InfoDigit("#")),
        (PLAIN, b"Signal=7\r\nDuration=120", InfoDigit("7", 120)),  # some phones mix the two up
    ],
)
def test_a_digit_is_read_as_telephones_write_it(media_type, body, digit):
    assert read_digit(media_type, body) == digit


@pytest.mark.parametrize("body", [b"", b"Duration=100", b"Signal=\r\n", b"Signal=16", b"Signal=hello", b"\xff" * 300])
def test_what_is_no_digit_is_refused(body):
    for media_type in MEDIA_TYPES:
        with pytest.raises(BadDigit):
            read_digit(media_type, body)


@given(st.sampled_from(DIGITS), st.integers(1, DURATION_MAX_MS))
def test_what_is_written_is_read_again(digit, duration_ms):
    pressed = InfoDigit(digit, duration_ms)
    assert read_digit(RELAY, write_digit(pressed)) == pressed


@given(st.sampled_from(MEDIA_TYPES), st.binary(max_size=400) | st.text(max_size=80).map(lambda t: t.encode()))
def test_any_bytes_give_a_digit_or_bad_digit(media_type, body):
    try:
        pressed = read_digit(media_type, body)
    except BadDigit:
        return
    assert pressed.digit in DIGITS
    assert 1 <= pressed.duration_ms <= DURATION_MAX_MS
