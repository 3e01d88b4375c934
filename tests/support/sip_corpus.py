"""The messages of RFC 4475 and RFC 5118 with their verdicts, and seeds for mutation, from tests/corpus."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).parent.parent / "corpus"


@dataclass(frozen=True)
class Torture:
    """One message and what its RFC asks of a receiver, in the words of VERDICTS.tsv."""

    name: str
    data: bytes
    verdict: str  # "valid", "invalid", "transaction", "application", "compat"
    asks: str


def rfc4475() -> list[Torture]:
    """Every message that has a verdict, byte for byte as the RFC's appendix has it."""
    return [
        Torture(name, (CORPUS / "rfc4475" / f"{name}.dat").read_bytes(), verdict, asks)
        for name, _, verdict, asks in _rows("rfc4475")
    ]


def rfc5118() -> list[Torture]:
    """Every message, as it would be on the wire.

    The RFC has them as text only: lines end with LF, two lack the empty line, and the Content-Lengths count LFs or
    nothing at all. What they try is IPv6, so line ends and lengths are put right here.
    """
    return [
        Torture(name, _on_the_wire(rfc5118_text(name)), verdict.partition(":")[0], verdict)
        for name, _, verdict in _rows("rfc5118")
    ]


def rfc5118_text(name: str) -> bytes:
    """The message as it circulates: lines end with LF."""
    return (CORPUS / "rfc5118" / name).read_bytes()


def seeds() -> list[bytes]:
    """Messages to start mutations from: all of the above, and what phones send every day."""
    everyday = sorted((CORPUS / "sip_seeds").glob("*.sip"))
    return [torture.data for torture in rfc4475() + rfc5118()] + [path.read_bytes() for path in everyday]


def _rows(folder: str) -> list[list[str]]:
    lines = (CORPUS / folder / "VERDICTS.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("name\t")]
    return [[*row, ""] if folder == "rfc4475" and len(row) == 3 else row for row in rows]


def _on_the_wire(text: bytes) -> bytes:
    head, _, body = text.replace(b"\n", b"\r\n").partition(b"\r\n\r\n")
    length = b"Content-Length: %d" % len(body)
    return re.sub(rb"Content-Length: \d+", length, head).rstrip(b"\r\n") + b"\r\n\r\n" + body
