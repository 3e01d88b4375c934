"""Text that a peer wrote, made fit for records: phones send Latin-1 names and worse, and records are UTF-8."""

from typing import Any

SHOWN_MAX = 256  # characters of anything that a peer may choose freely


def readable(text: str) -> str:
    """The text with every byte that is no UTF-8, and every control character, replaced; at most SHOWN_MAX long."""
    whole = encodable(text[:SHOWN_MAX])
    return (
        whole if whole.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in whole)
    )


def encodable(text: str) -> str:
    """The text with every byte that is no UTF-8 replaced."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def all_encodable(value: Any) -> Any:
    """The same for every text in a structure of dicts and lists."""
    match value:
        case str():
            return encodable(value)
        case dict():
            return {key: all_encodable(item) for key, item in value.items()}
        case list() | tuple():
            return [all_encodable(item) for item in value]
    return value
