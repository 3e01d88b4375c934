"""What is found in a plan. The place is the path of keys in the document, so that whoever read it can name the line."""

from msgspec import Struct


class Finding(Struct, frozen=True):
    """One thing found: where, what was read, what would do."""

    path: tuple[str | int, ...]
    read: str
    remedy: str
    is_advice: bool = False
