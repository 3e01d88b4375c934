import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.routing.match import covers, find, is_pattern, matches, mistake_in, overlap, specificity

ENTRIES = st.from_regex(r"\+?[0-3x*]{1,4}", fullmatch=True)
DIALLED = st.text("0123+*x", max_size=6)


@pytest.mark.parametrize(
    ("entry", "dialled", "does"),
    [
        ("600", "600", True),
        ("600", "6000", False),
        ("2xx", "234", True),
        ("2xx", "2a4", False),
        ("2xx", "2345", False),
        ("00*", "0048221234567", True),
        ("00*", "00", False),  # the rest is something
        ("*97", "*97", True),
        ("*97", "597", False),
        ("*9x", "*95", True),
        ("*9*", "*912", True),
        ("*", "*", True),  # a lone star is the key on the phone
        ("*", "12", False),
        ("x*", "12", True),
        ("+44*", "+441632960100", True),
        ("2xx", "2xx", False),  # a phone may dial letters; a pattern is no number
        ("2xx", "2²3", False),  # a digit is 0 to 9, not what Unicode calls one
    ],
)
def test_what_an_entry_matches(entry: str, dialled: str, does: bool) -> None:
    assert matches(entry, dialled) is does


@pytest.mark.parametrize(
    ("numbers", "dialled", "found"),
    [
        (["2xx", "205"], "205", "205"),
        (["2xx", "20*"], "205", "20*"),
        (["2xx", "20*"], "215", "2xx"),
        (["2*", "2xx", "2x*"], "215", "2xx"),
        (["x*", "00*", "0*"], "0048", "00*"),
        (["2xx"], "300", None),
        (["2xx"], "2xx", None),
        (["00*"], "00*", "00*"),  # three characters dialled: the rest is the star
        ([], "1", None),
    ],
)
def test_the_most_specific_entry_wins(numbers: list[str], dialled: str, found: str | None) -> None:
    assert find(numbers, dialled) == found
    assert find(dict.fromkeys(numbers, "somewhere"), dialled) == found


@given(st.lists(ENTRIES, unique=True), DIALLED, st.randoms(use_true_random=False))
def test_the_order_in_the_file_never_matters(numbers: list[str], dialled: str, random: object) -> None:
    shuffled = list(numbers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert find(dict.fromkeys(numbers, ""), dialled) == find(shuffled, dialled)


@given(ENTRIES, ENTRIES, DIALLED)
def test_two_entries_for_one_number_are_never_equally_specific(one: str, other: str, dialled: str) -> None:
    if one != other and matches(one, dialled) and matches(other, dialled):
        assert specificity(one)[:2] != specificity(other)[:2]


@given(ENTRIES, ENTRIES)
def test_a_number_said_to_be_common_is_matched_by_both(one: str, other: str) -> None:
    both = overlap(one, other)
    assert (both is None) == (overlap(other, one) is None)
    if both is not None:
        assert matches(one, both)
        assert matches(other, both)


@given(ENTRIES, ENTRIES, DIALLED)
def test_a_common_number_is_found_where_there_is_one(one: str, other: str, dialled: str) -> None:
    if matches(one, dialled) and matches(other, dialled):
        assert overlap(one, other) is not None


@given(ENTRIES, ENTRIES, DIALLED)
def test_what_covers_another_matches_all_that_it_matches(wide: str, narrow: str, dialled: str) -> None:
    if covers(wide, narrow) and matches(narrow, dialled):
        assert matches(wide, dialled)


@given(ENTRIES)
def test_every_entry_covers_itself(entry: str) -> None:
    assert covers(entry, entry)


def test_a_narrower_pattern_is_covered() -> None:
    assert covers("2xx", "20x")
    assert covers("2*", "2xx")
    assert not covers("2xx", "20*")
    assert not covers("20x", "2xx")


@pytest.mark.parametrize(
    ("entry", "remedy"),
    [
        ("", "write the number that is dialled"),
        ("0 800", "write it without spaces and punctuation"),
        ("(0)20", "write it without spaces and punctuation"),
        ("2XX", "write a small x for a digit"),
        ("2nn", "use digits"),
        ("2+3", "use digits"),
        ("２00", "use digits"),
    ],
)
def test_a_bad_entry_comes_with_what_would_do(entry: str, remedy: str) -> None:
    assert (mistake_in(entry) or "").startswith(remedy)


@given(st.text())
def test_any_text_at_all_can_be_judged_and_dialled(text: str) -> None:
    mistake_in(text)
    is_pattern(text)
    assert find({"2xx": "", "00*": "", "600": ""}, text) in (None, "2xx", "00*", "600")
