"""The line of every key in a TOML document; tomllib keeps none.

It reads only what tomllib has accepted already, so it looks for the ends of things and judges nothing.
"""

from bisect import bisect_right

from pbx.config.mistake import Path

_BLANK = " \t\r"
_BARE_END = " \t\r\n.=]#"
_SCALAR_END = ",]}#\n"


def locate(text: str) -> dict[Path, int]:
    """Path of keys → line, from 1. Elements of arrays have their index, from 0, in the path."""
    return _Locator(text).run()


def nearest(lines: dict[Path, int], path: Path) -> int:
    """The line of a path, or of the nearest table around it: a key that is missing has none of its own. 0: the file."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


class _Locator:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.last_index: dict[Path, int] = {}  # of arrays of tables
        self.line_starts = [0, *(i + 1 for i, c in enumerate(text) if c == "\n")]

    def run(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip_to_something():
            line = self._line()
            if self.text.startswith("[[", self.at):
                table = self._open_element(self._header(2), line)
            elif self.text[self.at] == "[":
                table = self._resolved(self._header(1))
                self._note_parents(table, line)
                self.lines[table] = line
            else:
                self._pair(table)
        return self.lines

    def _header(self, brackets: int) -> list[str]:
        self.at += brackets
        keys = self._keys()
        self.at += brackets
        return keys

    def _open_element(self, keys: list[str], line: int) -> Path:
        array = (*self._resolved(keys[:-1]), keys[-1])
        index = self.last_index.get(array, -1) + 1
        self.last_index[array] = index
        self._note_parents((*array, index), line)
        self.lines[(*array, index)] = line
        return (*array, index)

    def _resolved(self, keys: list[str]) -> Path:
        """A header's keys name the last element of every array of tables that they pass through."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self.last_index:
                path = (*path, self.last_index[path])
        return path

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = (*table, *self._keys())
        self._note_parents(path, line)
        self.lines[path] = line
        self.at += 1  # the equals sign
        self._skip(_BLANK)
        self._value(path)

    def _note_parents(self, path: Path, line: int) -> None:
        for length in range(1, len(path)):
            self.lines.setdefault(path[:length], line)

    def _keys(self) -> list[str]:
        """A dotted key, up to its `=` or `]`."""
        keys: list[str] = []
        while True:
            self._skip(_BLANK)
            keys.append(self._key())
            self._skip(_BLANK)
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _key(self) -> str:
        start = self.at
        if self.text[start] == "'":
            self._string()
            return self.text[start + 1 : self.at - 1]
        if self.text[start] == '"':
            self._string()
            return _unescaped(self.text[start + 1 : self.at - 1])
        while self.text[self.at] not in _BARE_END:
            self.at += 1
        return self.text[start : self.at]

    def _value(self, path: Path) -> None:
        match self.text[self.at]:
            case '"' | "'":
                self._string()
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case _:
                while self.at < len(self.text) and self.text[self.at] not in _SCALAR_END:
                    self.at += 1

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self._skip_to_something() and self.text[self.at] != "]":
            self.lines[(*path, index)] = self._line()
            self._value((*path, index))
            index += 1
            self._skip_to_something()
            if self.text[self.at] == ",":
                self.at += 1
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while self._skip_to_something() and self.text[self.at] != "}":
            self._pair(path)
            self._skip_to_something()
            if self.text[self.at] == ",":
                self.at += 1
        self.at += 1

    def _string(self) -> None:
        quote = self.text[self.at]
        is_long = self.text.startswith(quote * 3, self.at)
        end = quote * 3 if is_long else quote
        self.at += len(end)
        while not self.text.startswith(end, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(end)
        while is_long and self.text.startswith(quote, self.at):  # up to two quotes of its own may stand before the end
            self.at += 1

    def _skip(self, characters: str) -> None:
        while self.at < len(self.text) and self.text[self.at] in characters:
            self.at += 1

    def _skip_to_something(self) -> bool:
        """Past blanks, line ends and comments; False at the end of the text."""
        while True:
            self._skip(" \t\r\n")
            if self.at >= len(self.text):
                return False
            if self.text[self.at] != "#":
                return True
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end

    def _line(self) -> int:
        return bisect_right(self.line_starts, self.at)


_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}


def _unescaped(text: str) -> str:
    out: list[str] = []
    at = 0
    while at < len(text):
        if text[at] != "\\":
            out.append(text[at])
            at += 1
            continue
        digits = _HEX_DIGITS.get(text[at + 1], 0)
        hexadecimal = text[at + 2 : at + 2 + digits]
        out.append(chr(int(hexadecimal, 16)) if digits else _ESCAPES[text[at + 1]])
        at += 2 + digits
    return "".join(out)
