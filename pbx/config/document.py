"""One TOML file: what it says, and the line of everything that it says."""

import re
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from pbx.config.lines import locate, nearest
from pbx.config.mistake import Mistake, Path, dotted
from pbx.routing.finding import Finding

SIZE_MAX = 4 * 1024 * 1024  # bytes; a tenant of 10,000 extensions takes about 2 MB
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True)
class Document:
    """A file that has been read. Mistakes and advice gather in it."""

    file: str  # relative to the data folder, as people are told
    data: dict[str, Any]
    text: str = ""
    mistakes: list[Mistake] = field(default_factory=list)
    advice: list[Mistake] = field(default_factory=list)

    @cached_property
    def lines(self) -> dict[Path, int]:
        """The line of every key. Found only when it is asked for: of a thousand sound files nobody asks."""
        try:
            return locate(self.text)
        except RecursionError:  # nested just as deeply as could be parsed from higher up the stack
            return {}

    def complain(self, path: Path, read: str, remedy: str) -> None:
        """Notes a mistake at a path of keys."""
        self.mistakes.append(self.at(path, read, remedy))

    def add(self, finding: Finding) -> None:
        """Notes what lint found, as a mistake or as advice."""
        to = self.advice if finding.is_advice else self.mistakes
        to.append(self.at(finding.path, finding.read, finding.remedy))

    def at(self, path: Path, read: str, remedy: str) -> Mistake:
        """A mistake at a path, with its line; not noted."""
        return Mistake(self.file, nearest(self.lines, path), dotted(path), read, remedy)


def read(folder: FilePath, file: str) -> Document:
    """The file, or an empty document with the mistake that kept it from being read."""

    def failed(line: int, read: str, remedy: str) -> Document:
        return Document(file, {}, mistakes=[Mistake(file, line, "", read, remedy)])

    path = folder / file
    try:
        with path.open("rb") as opened:
            raw = opened.read(SIZE_MAX + 1)
    except FileNotFoundError:
        return failed(0, "there is no such file", f"`pbx init {folder}` makes one")
    except OSError as error:
        return failed(0, f"cannot be read: {error.strerror}", "make it a file that this user may read")
    if len(raw) > SIZE_MAX:
        return failed(0, f"more than {SIZE_MAX} bytes", "this is hardly a configuration: put back the right file")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return failed(line, f"the byte 0x{raw[error.start]:02x}, which is not UTF-8", "save the file as UTF-8")
    try:
        return Document(file, tomllib.loads(text), text)
    except RecursionError:
        return failed(0, "lists or tables nested too deeply to be read", "remove the nesting")
    except tomllib.TOMLDecodeError as error:
        return failed(*_syntax(str(error), text))
    except ValueError:
        return failed(0, "a number of thousands of digits", "write a smaller one")


def _syntax(said: str, text: str) -> tuple[int, str, str]:
    """tomllib's words as line, what was read and what would do."""
    lines = text.splitlines()
    place = _PLACE.search(said)
    what = _PLACE.sub("", said)
    line = int(place[1]) if place and place[1] else max(len(lines), 1)
    twice = re.fullmatch(r"Cannot declare \((.*?),?\) twice", what)
    if twice:
        name = dotted(tuple(re.findall(r"'([^']*)'", twice[1])))
        return line, f"[{name}] a second time", "join the two, or give one of them another name"
    if what == "Cannot overwrite a value":
        return line, "a key or table that was given already", "keep one of the two"
    shown = lines[line - 1].strip() if line <= len(lines) else ""
    return line, f"no TOML: {what[:1].lower()}{what[1:]}", _hint(what, shown)


def _hint(what: str, shown: str) -> str:
    if "illegal character '\\n'" in what.lower():
        return "close the text with a quote"
    if what == "Unclosed array":
        return "close the list with ]"
    if re.match(r"[^#=]*=\s*$", shown):
        return "write a value after the ="
    if re.match(r"[\w.-]+\s*=\s*[A-Za-z]", shown) and not re.search(r"=\s*(true|false|inf|nan)\b", shown):
        return "put text in quotes"
    if re.match(r"[^\[#=]+$", shown):
        return "write key = value, or [table]"
    return "mend the syntax of this line, or of the one before"
