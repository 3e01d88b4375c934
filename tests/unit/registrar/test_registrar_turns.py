"""Turns are taken in order, one at a time for each key, and a caller who leaves the line holds up nobody."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from pbx.registrar.turns import TooManyWaiting, Turns


async def test_turns_come_in_order():
    turns, order = Turns(10), []

    async def work(name: int) -> None:
        await turns.take("key")
        order.append(f"{name} begins")
        await trio.lowlevel.checkpoint()
        order.append(f"{name} ends")
        turns.give_back("key")

    async with trio.open_nursery() as nursery:
        for name in range(3):
            nursery.start_soon(work, name)
            await trio.lowlevel.checkpoint()
    assert order == ["0 begins", "0 ends", "1 begins", "1 ends", "2 begins", "2 ends"]
    assert len(turns) == 0


async def test_different_keys_do_not_wait():
    turns = Turns(0)
    await turns.take("a")
    await turns.take("b")
    assert len(turns) == 2


async def test_a_full_line_is_refused():
    turns = Turns(0)
    await turns.take("key")
    with pytest.raises(TooManyWaiting):
        await turns.take("key")


@pytest.mark.parametrize("is_gone_by_its_turn", [False, True])
async def test_whoever_leaves_the_line_holds_up_nobody(is_gone_by_its_turn):
    turns, got_it = Turns(10), []
    await turns.take("key")

    async def wait(name: str, scope: trio.CancelScope) -> None:
        with scope:
            await turns.take("key")
            got_it.append(name)
            turns.give_back("key")

    leaver = trio.CancelScope()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait, "leaver", leaver)
        await wait_all_tasks_blocked()
        nursery.start_soon(wait, "stayer", trio.CancelScope())
        await wait_all_tasks_blocked()
        leaver.cancel()
        if is_gone_by_its_turn:
            await wait_all_tasks_blocked()
        turns.give_back("key")  # otherwise it is called in the moment before it hears that it is cancelled
    assert got_it == ["stayer"]
    assert len(turns) == 0
