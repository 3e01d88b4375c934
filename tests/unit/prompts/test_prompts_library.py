"""Which file is played for a name: the language's, a tenant's own, English; and what a wrong name is answered."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.prompts import LANGUAGES, Prompts, UnknownPrompt

# What applications say; a name that is gone from the library would be silence in a call.
SPOKEN = re.findall(
    r"\S+",
    """
    vm-intro vm-unavailable vm-is-not-available vm-greeting-default vm-message-saved vm-too-short vm-box-full vm-goodbye
    vm-enter-box vm-enter-pin vm-wrong-pin vm-too-many-tries vm-no-messages vm-you-have new-message-one new-message-many
    old-message-one old-message-many vm-message-from vm-unknown-caller vm-received vm-menu vm-deleted vm-kept
    vm-no-more-messages menu-demo menu-invalid menu-timeout conf-welcome conf-only-you conf-enter-pin conf-wrong-pin
    conf-full conf-muted conf-unmuted echo-intro nobody-available please-wait goodbye
""",
)
TONES = ["beep", "conf-joined", "conf-left"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_what_applications_need(language):
    library = Prompts()
    assert [library.path(language, name).parent.name for name in SPOKEN] == [language] * len(SPOKEN)
    assert [library.path(language, name).parent.name for name in TONES] == ["tones"] * len(TONES)


@pytest.mark.parametrize(
    ("language", "folder"),
    [("pl", "pl"), ("pl-PL", "pl"), ("PL_pl", "pl"), ("en-GB", "en"), ("de", "en"), ("", "en"), ("../pl", "en")],
)
def test_a_language_falls_back_to_its_kind_and_then_to_english(language, folder):
    assert Prompts().path(language, "goodbye").parent.name == folder


def test_what_only_english_says_is_said_in_english():
    assert Prompts().path("pl", "noon").parent.name == "en"


def test_a_wrong_name_is_answered_with_near_ones():
    with pytest.raises(UnknownPrompt, match=r"no prompt named 'vm-intor' for language 'pl'.*'vm-intro'") as caught:
        Prompts().path("pl", "vm-intor")
    assert (caught.value.name, caught.value.near[0]) == ("vm-intor", "vm-intro")
    with pytest.raises(UnknownPrompt, match=r"no prompt named 'xyzzy' for language 'en'$"):
        Prompts().path("en", "xyzzy")


def own(folder: Path, *names: str) -> Prompts:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return Prompts(folder)


def test_a_tenants_recording_stands_in_the_place_of_ours_in_every_language(tmp_path):
    library = own(tmp_path, "goodbye.flac")
    assert library.path("en", "goodbye") == library.path("pl", "goodbye") == tmp_path / "goodbye.flac"
    assert library.path("en", "beep").parent.name == "tones"


def test_a_tenants_recording_in_a_language_is_for_that_language(tmp_path):
    library = own(tmp_path, "pl/goodbye.flac", "goodbye.wav", "en/welcome.wav")
    assert library.path("pl-PL", "goodbye") == tmp_path / "pl" / "goodbye.flac"
    assert library.path("en", "goodbye") == tmp_path / "goodbye.wav"
    with pytest.raises(UnknownPrompt):
        library.path("pl", "welcome")


def test_a_tenants_new_recording_counts_at_once_and_is_among_the_names(tmp_path):
    library = own(tmp_path / "prompts")
    with pytest.raises(UnknownPrompt):
        library.path("en", "our-hours")
    own(tmp_path / "prompts", "our-hours.wav")
    assert library.path("en", "our-hours").name == "our-hours.wav"
    assert {"our-hours", "goodbye", "beep"} <= library.names("en")


def test_a_wav_comes_before_a_flac_of_the_same_name(tmp_path):
    assert own(tmp_path, "a.flac", "a.wav").path("en", "a").suffix == ".wav"


@pytest.mark.parametrize("name", ["", "../secret", "a/b", ".hidden", "a.wav", "GOODBYE", "goodbye\n", "a" * 65])
def test_a_name_never_leaves_the_folder(tmp_path, name):
    own(tmp_path, "secret.wav", "prompts/a.wav.wav", "prompts/.hidden.wav", "prompts/a/b.wav")
    with pytest.raises(UnknownPrompt):
        Prompts(tmp_path / "prompts").path("en", name)


@given(st.text(), st.text())
def test_any_language_and_name_give_a_file_or_unknown_prompt(language, name):
    with suppress(UnknownPrompt):
        assert Prompts().path(language, name).is_file()


def test_the_words_of_a_prompt_can_be_read(tmp_path):
    assert Prompts().text("en", "goodbye") == "Goodbye."
    assert Prompts().text("pl", "goodbye") == "Do widzenia."
    assert Prompts().text("pl", "beep") == "[beep]"
    assert own(tmp_path, "goodbye.wav").text("en", "goodbye") == "[goodbye]"
