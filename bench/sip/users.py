"""Who phones in the signalling benches: the same extensions and passwords for whoever is measured."""

from pathlib import Path

DOMAIN = "bench.test"  # also the realm
NUMBERS = range(1000, 3000)
CALLEE, CALLER = NUMBERS[0], NUMBERS[1]


def password(number: int) -> str:
    """Nothing that anybody would want to know."""
    return f"secret-{number}"


def write_users(path: Path, numbers: range) -> Path:
    """The file that SIPp takes users from, one for each call, in order; returns its path."""
    lines = [f"{number};[authentication username={number} password={password(number)}]\n" for number in numbers]
    path.write_text("SEQUENTIAL\n" + "".join(lines), encoding="ascii")
    return path
