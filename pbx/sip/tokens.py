"""The default source of names that nobody guesses. Who needs one takes a factory, so that tests can count instead."""

from __future__ import annotations

from secrets import token_hex

TOKEN_BYTES = 8  # enough for a branch, a tag or a cnonce, of which there are thousands at a time


def random_token() -> str:
    """16 hexadecimal digits."""
    return token_hex(TOKEN_BYTES)
