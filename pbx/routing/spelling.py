"""What somebody may have meant by a name that is not there."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A remedy: the one name that is close, or else those that there are, or else `otherwise`."""
    names = list(dict.fromkeys(known))
    close = get_close_matches(word.lower(), [name.lower() for name in names], n=1, cutoff=0.6)
    if close:
        meant = next(name for name in names if name.lower() == close[0])
        return f"did you mean {meant!r}?"
    if otherwise or not names:
        return otherwise or "remove it"
    shown = ", ".join(repr(name) for name in names[:8])
    return f"there is {shown}{' …' if len(names) > 8 else ''}"
