"""PINs of mailboxes: digits that people type into phones, kept as argon2id hashes (RFC 9106). Never kept themselves.

A PIN has so few digits that no hash protects one that leaks: the hash keeps it from being read over a shoulder, and
what keeps it from being guessed is the limit on tries.
"""

import re
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PIN_DIGITS = 6  # of one that is made here
PIN_DIGITS_MIN = 4
PIN_DIGITS_MAX = 12

# 19 MiB, two passes, one lane: OWASP's least for argon2id. Some 20 ms, and there may be two at a time.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

_PIN = re.compile(rf"[0-9]{{{PIN_DIGITS_MIN},{PIN_DIGITS_MAX}}}", re.ASCII)
# Its costs have few digits each: a hash in a file must not be able to ask for all memory.
_HASH = re.compile(
    r"\$argon2id\$v=19\$m=[1-9][0-9]{0,5},t=[1-9][0-9]?,p=[1-9][0-9]?\$[A-Za-z0-9+/]{11,64}\$[A-Za-z0-9+/]{16,86}"
)


def new_pin() -> str:
    """One that nobody can guess in five tries."""
    return "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))


def is_pin(text: str) -> bool:
    """Whether this can be a PIN."""
    return _PIN.fullmatch(text) is not None


def hash_pin(pin: str) -> str:
    """The hash to keep, with a salt of its own. Raises ValueError for what is no PIN."""
    if not is_pin(pin):
        raise ValueError(f"no PIN: it has {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits and nothing else")
    return _HASHER.hash(pin)


def is_pin_hash(text: str) -> bool:
    """Whether `hash_pin` could have made this."""
    return _HASH.fullmatch(text) is not None


def verify_pin(pin_hash: str, pin: str) -> bool:
    """Whether this is the PIN; takes some 20 ms of a processor and 19 MiB."""
    if not is_pin_hash(pin_hash) or not is_pin(pin):
        return False
    try:
        return _HASHER.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False
