"""`pbx pin`: turns the PIN of a mailbox into the line that a tenant's file keeps of it. Reads and writes no file."""

import getpass
import sys
from typing import Annotated

import msgspec
from cyclopts import Parameter

from pbx.cli.options import Json
from pbx.cli.trouble import MISUSED, Trouble
from pbx.security.pin import PIN_DIGITS_MAX, PIN_DIGITS_MIN, hash_pin, is_pin


def pin(
    digits: Annotated[str | None, Parameter(help="The PIN; asked for where it is not given.")] = None,
    /,
    *,
    json: Json = False,
) -> int:
    """Print the hash of a mailbox' PIN, for [extensions.NUMBER.voicemail] in the tenant's file.

    Given as an argument the PIN stands in the shell's history; without one it is asked for, or read from a pipe.
    """
    digits = _ask() if digits is None else digits
    if not is_pin(digits):
        what = "that is no PIN"
        raise Trouble(what, f"use {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits and nothing else", exit_code=MISUSED)
    pin_hash = hash_pin(digits)
    if json:
        sys.stdout.write(msgspec.json.encode({"pin_hash": pin_hash}).decode() + "\n")
    else:
        print(f'pin_hash = "{pin_hash}"')
    return 0


def _ask() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("PIN: ")
    return sys.stdin.readline().strip()
