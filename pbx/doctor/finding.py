"""One thing that was found out, and what to do about it."""

from typing import Literal, TypeAlias

from msgspec import Struct

# problem: calls fail or will be lost; advice: it works, and less well than it could, or not for everybody.
Level: TypeAlias = Literal["ok", "advice", "problem"]


class Finding(Struct, frozen=True):
    """`said` is what is so, `next` what to do; "" where there is nothing to do."""

    topic: str
    level: Level
    said: str
    next: str = ""
