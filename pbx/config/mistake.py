"""A mistake in a configuration, said so that a person can mend it without looking anything up."""

from collections.abc import Sequence

from msgspec import Struct

Path = tuple[str | int, ...]


class Mistake(Struct, frozen=True):
    """Where it is, what was read there, and what would do. Line 0: the file as a whole."""

    file: str  # relative to the data folder
    line: int
    path: str  # dotted keys; "" for the file as a whole
    read: str
    remedy: str

    def __str__(self) -> str:
        """`tenants/demo.toml:14: nodes.sales.busy: no node named 'sale-box' (did you mean 'sales-box'?)`"""
        place = f"{self.file}:{self.line}" if self.line else self.file
        said = ": ".join(part for part in (place, self.path, f"{self.read} ({self.remedy})") if part)
        # Names come from the file: one line stays one line, and no terminal obeys what it is shown.
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in said)


class ConfigMistakes(Exception):
    """A configuration that cannot be used, with everything that is wrong with it."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = list(mistakes)


def dotted(path: Path) -> str:
    """A path of keys as people write it: `nodes.sales.who[2]`, the first being [1]; keys that need quotes have them."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key + 1}]"
        else:
            is_bare = key != "" and all(c.isascii() and (c.isalnum() or c in "-_") for c in key)
            text += ("." if text else "") + (key if is_bare else f'"{key}"')
    return text
