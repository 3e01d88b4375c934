"""Numbers, counts, days and times in both languages, read as the words that a caller hears."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.prompts import Gender, Prompts, digits, message_counts, message_heading, moment, number, unavailable

LIBRARY = Prompts()
COUNTS = st.integers(0, 9_999)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1))
SPOKEN = st.sampled_from(["en", "pl"])


def words(language: str, names: list[str]) -> str:
    return " ".join(LIBRARY.text(language, name) for name in names).replace(".", "")


@pytest.mark.parametrize(
    ("n", "english", "polish"),
    [
        (0, "zero", "zero"),
        (1, "one", "jeden"),
        (14, "fourteen", "czternaście"),
        (20, "twenty", "dwadzieścia"),
        (21, "twenty one", "dwadzieścia jeden"),
        (100, "one hundred", "sto"),
        (101, "one hundred and one", "sto jeden"),
        (119, "one hundred and nineteen", "sto dziewiętnaście"),
        (345, "three hundred and forty five", "trzysta czterdzieści pięć"),
        (1000, "one thousand", "tysiąc"),
        (1001, "one thousand and one", "tysiąc jeden"),
        (2022, "two thousand and twenty two", "dwa tysiące dwadzieścia dwa"),
        (5100, "five thousand one hundred", "pięć tysięcy sto"),
        (
            9999,
            "nine thousand nine hundred and ninety nine",
            "dziewięć tysięcy dziewięćset dziewięćdziesiąt dziewięć",
        ),
        (10_203, "one zero two zero three", "jeden zero dwa zero trzy"),
    ],
)
def test_a_number_is_said_as_one_counts(n, english, polish):
    assert words("en", number("en", n)) == english
    assert words("pl", number("pl", n)) == polish


@pytest.mark.parametrize(
    ("n", "gender", "polish"),
    [
        (1, Gender.MASCULINE, "jeden"),
        (1, Gender.FEMININE, "jedna"),
        (1, Gender.NEUTER, "jedno"),
        (2, Gender.FEMININE, "dwie"),
        (2, Gender.NEUTER, "dwa"),
        (12, Gender.FEMININE, "dwanaście"),
        (21, Gender.FEMININE, "dwadzieścia jeden"),
        (42, Gender.FEMININE, "czterdzieści dwie"),
        (101, Gender.FEMININE, "sto jeden"),
        (102, Gender.FEMININE, "sto dwie"),
        (1001, Gender.NEUTER, "tysiąc jeden"),
        (2002, Gender.FEMININE, "dwa tysiące dwie"),
    ],
)
def test_polish_ones_and_twos_agree_with_what_is_counted(n, gender, polish):
    assert words("pl", number("pl", n, gender)) == polish


def test_nobody_counts_below_zero():
    with pytest.raises(ValueError, match="-1"):
        number("en", -1)


@pytest.mark.parametrize(
    ("new", "old", "english", "polish"),
    [
        (0, 0, "You have no messages", "Nie masz wiadomości"),
        (1, 0, "You have one new message", "Masz jedną nową wiadomość"),
        (2, 0, "You have two new messages", "Masz dwie nowe wiadomości"),
        (0, 5, "You have five old messages", "Masz pięć odsłuchanych wiadomości"),
        (12, 1, "You have twelve new messages and one old message", None),
        (12, 1, None, "Masz dwanaście nowych wiadomości i jedną odsłuchaną wiadomość"),
        (22, 3, None, "Masz dwadzieścia dwie nowe wiadomości i trzy odsłuchane wiadomości"),
        (21, 0, None, "Masz dwadzieścia jeden nowych wiadomości"),
        (114, 0, None, "Masz sto czternaście nowych wiadomości"),
    ],
)
def test_messages_are_counted_in_the_right_form(new, old, english, polish):
    for language, expected in (("en", english), ("pl", polish)):
        if expected:
            assert words(language, message_counts(language, new, old)) == expected


NOW = datetime(2026, 11, 25, 9, 0)  # a Wednesday


@pytest.mark.parametrize(
    ("at", "english", "polish"),
    [
        ("2026-11-25T14:30", "today at two thirty P M", "dzisiaj o czternastej trzydzieści"),
        ("2026-11-25T08:05", "today at eight oh five A M", "dzisiaj o ósmej zero pięć"),
        ("2026-11-25T00:00", "today at midnight", "dzisiaj o północy"),
        ("2026-11-25T00:01", "today at twelve oh one A M", "dzisiaj minutę po północy"),
        ("2026-11-25T00:22", "today at twelve twenty two A M", "dzisiaj dwadzieścia dwie minuty po północy"),
        ("2026-11-25T00:45", "today at twelve forty five A M", "dzisiaj czterdzieści pięć minut po północy"),
        ("2026-11-24T12:00", "yesterday at noon", "wczoraj o dwunastej"),
        (
            "2026-11-24T23:59",
            "yesterday at eleven fifty nine P M",
            "wczoraj o dwudziestej trzeciej pięćdziesiąt dziewięć",
        ),
        ("2026-11-23T21:02", "on Monday the twenty third of November at nine oh two P M", None),
        ("2026-11-23T21:02", None, "w poniedziałek dwudziestego trzeciego listopada o dwudziestej pierwszej zero dwa"),
        ("2026-11-26T10:00", "on Thursday the twenty sixth of November at ten A M", None),
    ],
)
def test_a_moment_is_said_by_day_and_time(at, english, polish):
    for language, expected in (("en", english), ("pl", polish)):
        if expected:
            assert words(language, moment(language, datetime.fromisoformat(at), NOW)) == expected


def test_yesterday_is_a_matter_of_midnights_not_of_hours():
    zone = ZoneInfo("Europe/Warsaw")
    at, now = datetime(2026, 11, 24, 23, 58, tzinfo=zone), datetime(2026, 11, 25, 0, 3, tzinfo=zone)
    assert moment("en", at, now)[0] == "yesterday"


def test_a_message_is_announced_with_its_caller_and_its_time():
    at = datetime(2026, 11, 25, 8, 0)
    assert (
        words("en", message_heading("en", "+48 22-1", at, NOW))
        == "Message from plus four eight two two one received today at eight A M"
    )
    assert (
        words("pl", message_heading("pl", "101", at, NOW))
        == "Wiadomość od numeru jeden zero jeden otrzymana dzisiaj o ósmej"
    )
    assert words("pl", message_heading("pl", "anonymous", at, NOW)).startswith("Wiadomość od nieznanego numeru")


def test_a_telephone_number_is_spelled_and_what_has_no_sound_is_left_out():
    assert words("en", digits("*97 (#)")) == "star nine seven hash"
    assert words("pl", digits("+48")) == "plus cztery osiem"
    assert digits("Ada ٣") == []


def test_the_one_who_is_called_is_named_by_extension_where_there_is_one():
    assert words("en", unavailable("101")) == "The person at extension one zero one is not available"
    assert words("pl", unavailable("sales")) == "Osoba, do której dzwonisz, jest niedostępna"


@given(SPOKEN, COUNTS, st.sampled_from(Gender))
def test_every_number_has_all_its_prompts(language, n, gender):
    assert all(LIBRARY.path(language, name).parent.name == language for name in number(language, n, gender))


@given(SPOKEN, COUNTS, COUNTS)
def test_different_numbers_sound_different(language, n, m):
    assert (number(language, n) == number(language, m)) == (n == m)


@given(SPOKEN, COUNTS, COUNTS)
def test_every_count_of_messages_has_all_its_prompts(language, new, old):
    assert all(LIBRARY.path(language, name).parent.name == language for name in message_counts(language, new, old))


@given(SPOKEN, MOMENTS, MOMENTS)
def test_every_moment_has_all_its_prompts(language, at, now):
    assert all(LIBRARY.path(language, name).parent.name == language for name in moment(language, at, now))


@given(st.text())
def test_a_language_that_nobody_knows_is_spoken_to_in_english(language):
    if not language.lower().startswith("pl"):
        assert number(language, 21) == number("en", 21)
