"""What the digits pressed so far mean to a menu. Pure."""

from collections.abc import Collection
from typing import Literal, TypeAlias

Meaning: TypeAlias = Literal["chosen", "may-go-on", "begun", "wrong"]


def meaning(pressed: str, choices: Collection[str]) -> Meaning:
    """ "chosen": one of the choices, and no longer one begins so; "may-go-on": one of them, and a longer one does."""
    begins_longer = any(choice.startswith(pressed) and choice != pressed for choice in choices)
    if pressed in choices:
        return "may-go-on" if begins_longer else "chosen"
    return "begun" if begins_longer else "wrong"
