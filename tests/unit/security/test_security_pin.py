"""PINs are checked against hashes that say nothing of them, and that can ask for no more memory than ours do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.security.pin import hash_pin, is_pin, is_pin_hash, new_pin, verify_pin

OURS = hash_pin("2580")


def test_a_pin_is_verified_and_another_is_not():
    assert verify_pin(OURS, "2580")
    assert not verify_pin(OURS, "2581")
    assert not verify_pin(OURS, "")


def test_two_hashes_of_a_pin_differ():
    assert hash_pin("2580") != OURS
    assert "2580" not in OURS.rpartition("$")[2]


def test_what_we_make_is_taken_as_ours():
    assert is_pin_hash(OURS)
    assert all(is_pin(new_pin()) for _ in range(100))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2580",
        OURS[:-60],
        OURS.replace("argon2id", "argon2i"),
        OURS.replace("m=19456", "m=9999999"),
        OURS.replace("m=19456", "m=0"),
        OURS + "\n",
    ],
    ids=["none", "the PIN", "cut", "another kind", "more memory", "no memory", "more behind it"],
)
def test_what_we_do_not_make_is_no_hash_of_a_pin(text):
    assert not is_pin_hash(text)


@pytest.mark.parametrize("text", ["", "123", "1234567890123", "12 34", "१२३४", "12#4"])
def test_what_cannot_be_typed_or_guessed_too_soon_is_no_pin(text):
    assert not is_pin(text)
    with pytest.raises(ValueError, match="no PIN"):
        hash_pin(text)


@given(st.text(), st.text())
def test_a_hash_that_is_none_verifies_nothing_and_raises_nothing(pin_hash, pin):
    assert not verify_pin(pin_hash, pin)
