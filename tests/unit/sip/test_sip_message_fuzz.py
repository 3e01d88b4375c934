"""Messages that were damaged on the way or on purpose: read or refused with a reason, never a crash, never a loop.

The seed of a failing mutation is in its message; FUZZ_RUNS (a number of mutations) makes the run longer.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.sip.errors import BadMessage
from pbx.sip.headers import parse_auth
from pbx.sip.message import Headers, Message, Request, Response
from pbx.sip.parse import parse_message
from pbx.sip.validate import METHODS, discard_reason, validate_request
from tests.support.sip_corpus import seeds

FUZZ_RUNS = int(os.environ.get("FUZZ_RUNS", "20000"))
BATCHES = 8  # so that parallel workers share them

SEEDS = seeds()
TYPED = (
    "call_id",
    "cseq",
    "top_via",
    "vias",
    "from_",
    "to",
    "contacts",
    "routes",
    "record_routes",
    "expires",
    "max_forwards",
)
SPICE = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n ",
    b"\x00",
    b'"',
    b"\\",
    b"<",
    b">",
    b";",
    b",",
    b":",
    b"@",
    b"%",
    b"=",
    b"\xff",
    b"\xc3",
]
SPICE += [
    b"SIP/2.0",
    b"Content-Length: ",
    b"l:",
    b"Via: ",
    b"[",
    b"]",
    b"::",
    b"9" * 30,
    b"*",
    b"?",
    b" ",
    b"\t",
    b"%00",
    b"/",
]


def test_there_are_seeds() -> None:
    assert len(SEEDS) > 60


def readable_part(data: bytes, stream: bool = False) -> Request | Response | None:
    try:
        return parse_message(data, stream=stream)
    except BadMessage as bad:
        return bad.message


def exercise(data: bytes, stream: bool = False) -> None:
    """Reads everything that can be read; only BadMessage may come out."""
    message = readable_part(data, stream)
    if message is None:
        return
    for name in TYPED:
        with suppress(BadMessage):
            getattr(message, name)
    for _, value in message.headers.items():
        with suppress(BadMessage):
            parse_auth(value)
    if isinstance(message, Response):
        discard_reason(message)
        return
    with suppress(BadMessage):
        str(message.sip_uri)
    validate_request(message, methods=METHODS, extensions=(), bodies=("application/sdp",))
    answer = message.response(400, to_tag="t")
    assert_alike(answer, readable_part(answer.encode()))


def assert_alike(message: Message, again: Message | None) -> None:
    assert again is not None
    assert again.start_line() == message.start_line()
    assert again.body == message.body
    assert [item for item in again.headers.items() if item[0] != "Content-Length"] == [
        item for item in message.headers.items() if item[0] != "Content-Length"
    ]


def mutated(rng: random.Random) -> bytes:
    data = bytearray(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 1, 1, 2, 5, 30, 200)))
        kind = rng.randrange(6)
        if kind == 0:
            data[at:end] = b""
        elif kind == 1:
            data[at:at] = rng.choice(SPICE)
        elif kind == 2:
            data[at:end] = rng.choice(SPICE)
        elif kind == 3:
            data[at:end] = rng.randbytes(end - at)
        elif kind == 4:
            data[at:at] = data[at:end] * rng.choice((1, 2, 50))
        else:
            other = rng.choice(SEEDS)
            data[at:] = other[rng.randrange(len(other)) :]
    return bytes(data)


def numbers(batch: int) -> Iterator[int]:
    return iter(range(batch, FUZZ_RUNS, BATCHES))


@pytest.mark.timeout(max(120, FUZZ_RUNS // 500))
@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_mutated_message_is_read_or_refused(batch: int) -> None:
    for seed in numbers(batch):
        data = mutated(random.Random(seed))
        try:
            exercise(data, stream=seed % 4 == 0)
        except Exception as error:
            pytest.fail(f"seed {seed}: {error!r} from {data!r}")


@given(st.binary(max_size=400))
def test_any_octets_at_all_are_read_or_refused(data: bytes) -> None:
    exercise(data)
    exercise(b"OPTIONS sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n" + data)
    exercise(b"INVITE sip:b SIP/2.0\r\nTo: " + data + b"\r\nVia: " + data + b"\r\n\r\n")


@pytest.mark.parametrize(
    "filler", [b" ", b'"', b"\\", b"<", b";", b",", b"a ", b";a", b"%", b":", b"/", b"\r\n ", b'"" ', b"a=,"]
)
@pytest.mark.parametrize(
    "header", [b"To: sip:a@b", b"To: ", b'To: "', b"Via: SIP/2.0/UDP a", b"CSeq: 1", b"Contact: <sip:a>"]
)
# A pattern that goes back would take minutes for one of these, and meet the time limit of the test run.
def test_a_very_long_value_takes_no_more_than_its_length(header: bytes, filler: bytes) -> None:
    data = b"INVITE sip:b SIP/2.0\r\n" + header + filler * (60_000 // len(filler)) + b"x\r\n\r\n"
    exercise(data)


TOKENS = st.text(alphabet="abcXYZ019-.!%*_+`'~", min_size=1, max_size=10)
VALUES = st.text(alphabet=st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=30)
EXTRA = st.lists(st.tuples(TOKENS.map("X-".__add__), VALUES), max_size=5)
FIELDS = [("Via", "SIP/2.0/UDP a"), ("From", "sip:a"), ("To", "sip:b"), ("Call-ID", "c"), ("CSeq", "1 X")]


@given(TOKENS, EXTRA, st.binary(max_size=100))
def test_parse_undoes_write_for_requests(method: str, extra: list[tuple[str, str]], body: bytes) -> None:
    request = Request(method, "sip:b@example.com", Headers(FIELDS + extra), body)
    assert_alike(request, parse_message(request.encode()))
    assert_alike(request, parse_message(request.encode(), stream=True))


@given(st.integers(100, 699), VALUES, EXTRA, st.binary(max_size=100))
def test_parse_undoes_write_for_responses(status: int, reason: str, extra: list[tuple[str, str]], body: bytes) -> None:
    response = Response(status, reason, Headers(extra + FIELDS), body)
    assert_alike(response, parse_message(response.encode()))
