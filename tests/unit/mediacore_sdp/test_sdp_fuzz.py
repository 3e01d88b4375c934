"""Session descriptions that were cut, joined and flipped, from a seed: each is read, or refused with words."""

import random

import pytest

from mediacore import sdp
from tests.support import sdp_bodies

INPUTS = 20_000
SEED = 4
OURS = sdp.Capabilities(address="192.0.2.1", port=20_000)

EDGES = [
    "\r\n",
    "\n",
    "\0",
    " ",
    "=",
    "/",
    ":",
    "-1",
    "0",
    "65536",
    "99999999999999999999",
    "\udcff",
    "a=",
    "m=audio",
    "é",
]


def mutated(chance: random.Random, bodies: list[str]) -> str:
    body = chance.choice(bodies)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(body) + 1)
        match chance.randrange(6):
            case 0:
                body = body[:at]
            case 1:
                body = body[:at] + body[at + chance.randrange(1, 12) :]
            case 2:
                other = chance.choice(bodies)
                body = body[:at] + other[chance.randrange(len(other) + 1) :]
            case 3:
                lines = body.splitlines(keepends=True) or [""]
                lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
                body = "".join(lines)
            case 4:
                body = body[:at] + chr(chance.randrange(1, 256)) + body[at + 1 :]
            case _:
                body = body[:at] + chance.choice(EDGES) + body[at:]
    return body[:4000]


def read_and_answer(body: str) -> str:
    """What became of it; the words are for who reads the failure."""
    try:
        offer = sdp.parse(body)
    except sdp.BadSdp:
        return "refused"
    assert sdp.parse(sdp.write(offer)) == offer
    try:
        answer = sdp.answer(offer, OURS, session_id=1)
    except sdp.SdpError:
        return "read"
    assert len(answer.description.media) == len(offer.media)
    sdp.parse(sdp.write(answer.description))
    return "answered"


def test_any_description_is_answered_or_refused_with_words():
    chance = random.Random(SEED)
    bodies = sorted(sdp_bodies.EVERY_BODY.values())
    ends = {"refused": 0, "read": 0, "answered": 0}
    for number in range(INPUTS):
        body = mutated(chance, bodies)
        try:
            ends[read_and_answer(body)] += 1
        except Exception as error:
            pytest.fail(f"input {number} of seed {SEED}: {error!r}\n{body!r}")
    # Neither all nonsense nor all sense: else the mutations test nothing.
    assert min(ends.values()) > INPUTS // 50, ends
