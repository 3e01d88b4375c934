"""Prompts by language and name: a tenant's own recording first, then ours. Finds files; never opens or plays one."""

import re
import tomllib
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from pbx.prompts.language import ancestry, tags

HOME = Path(__file__).resolve().parent
TONES = "tones"  # what sounds the same in every language
KINDS = (".wav", ".flac")  # of a tenant's own recordings, in this order

# Names come from plans and end up in paths: no dot, no slash.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)


class UnknownPrompt(LookupError):
    """Nothing of this name can be said in this language, nor in English. `near` are names that may have been meant."""

    def __init__(self, language: str, name: str, near: tuple[str, ...]) -> None:
        meant = f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""
        super().__init__(f"no prompt named {name!r} for language {language!r}{meant}")
        self.language = language
        self.name = name
        self.near = near


class Prompts:
    """The prompts that one tenant's callers hear.

    `own` is the tenant's folder: `NAME.wav` or `NAME.flac` in it stands in the place of our prompt, in every language;
    in its subfolder `pl`, in Polish alone. It is looked into with every call, so a recording counts from the moment it
    is there. Replace one by renaming, not by writing over it: somebody may be hearing it.
    """

    def __init__(self, own: Path | None = None) -> None:
        self.own = own

    def path(self, language: str, name: str) -> Path:
        """The audio of a prompt: "pl-PL", else "pl", else "en". Raises UnknownPrompt."""
        if _NAME.fullmatch(name):
            for path in self._candidates(language, name):
                if path.is_file():
                    return path
        raise UnknownPrompt(language, name, tuple(get_close_matches(name, sorted(self.names(language)), n=3)))

    def text(self, language: str, name: str) -> str:
        """What is said: the words, or for a tone or a tenant's recording "[NAME]". Raises UnknownPrompt."""
        path = self.path(language, name)
        is_ours = path.is_relative_to(HOME)
        return _texts().get(f"{path.parent.name}/{name}", f"[{name}]") if is_ours else f"[{name}]"

    def names(self, language: str) -> set[str]:
        """All that can be said in a language, English stepping in where there is nothing else."""
        folders = [*self._own_folders(language), *_our_folders(language)]
        return {path.stem for folder in folders for kind in KINDS for path in folder.glob(f"*{kind}")}

    def _candidates(self, language: str, name: str) -> Iterator[Path]:
        yield from (folder / f"{name}{kind}" for folder in self._own_folders(language) for kind in KINDS)
        yield from (folder / f"{name}.flac" for folder in _our_folders(language))

    def _own_folders(self, language: str) -> list[Path]:
        # English is no fallback here: whoever records one prompt for everybody puts it beside the languages.
        return [] if self.own is None else [*(self.own / tag for tag in tags(language)), self.own]


def _our_folders(language: str) -> list[Path]:
    return [HOME / folder for folder in (*ancestry(language), TONES)]


@cache
def _texts() -> dict[str, str]:
    """What each prompt says, by language and name: "en/goodbye"."""
    tables = tomllib.loads((HOME / "texts.toml").read_text(encoding="utf-8"))
    return {
        f"{language}/{name}": text
        for language, table in tables.items()
        for name, text in table.items()
        if isinstance(text, str)
    }


def installed() -> dict[str, bool]:
    """Every prompt that has a text, as "en/goodbye", and whether its audio is there: an installation may be broken."""
    return {name: (HOME / f"{name}.flac").is_file() for name in _texts()}
