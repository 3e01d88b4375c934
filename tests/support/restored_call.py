"""A process of its own that has nothing of a call but its state: restores it, hears what phones say, tells what it did.

Reads one JSON object from standard input (`state`, and `messages` as pairs of source address and base64 text) and
writes one: the start lines that each message brought about, and the records that were left.
"""

import base64
import json
import sys

import trio
from trio.testing import MockClock

from pbx.call.state import decode_state
from tests.support.world import PBX, World, open_world


async def main() -> None:
    """Everything in virtual time."""
    given = json.load(sys.stdin)
    async with open_world() as world:
        assert world.server is not None
        world.server.calls.restore(decode_state(given["state"].encode()), world.tenants[0])
        said = [await _say(world, (host, port), base64.b64decode(text)) for (host, port), text in given["messages"]]
        await trio.sleep(60)
        dispositions = [cdr.disposition for cdr in await world.cdrs()]
    json.dump({"said": said, "dispositions": dispositions}, sys.stdout)


async def _say(world: World, source: tuple[str, int], data: bytes) -> list[str]:
    before = len(world.network.ladder)
    world.network.carry(data, source, PBX)
    await trio.sleep(0.4)  # less than T1: nothing is resent yet
    return [sent.start_line for sent in world.network.ladder[before:] if sent.source == PBX]


if __name__ == "__main__":
    trio.run(main, clock=MockClock(autojump_threshold=0))
