"""Mailboxes over blobs: what was delivered, marked and deleted is so, also for the next process, in any weather."""

from collections.abc import Callable
from contextlib import suppress

import pytest
import trio
from msgspec.structs import replace

from pbx.apps.voicemail import mailboxes as module
from pbx.apps.voicemail.mailboxes import Mailboxes, NoSuchMessage
from pbx.blobs.interface import BlobMissing, Blobs, BlobUnavailable
from pbx.blobs.local import LocalBlobs
from pbx.events.message_counts import MessageCounts
from pbx.events.voicemail_message import Message, audio_key, record_key
from pbx.tenants.scope import TenantScope
from tests.support.hostile import Weather
from tests.support.hostile_blobs import HostileBlobs

SCOPE, OTHER = TenantScope("acme"), TenantScope("umbrella")
BOX = "102"


def message(number: int, *, box: str = BOX) -> Message:
    return Message(f"{number:013d}-t{number}", box, "101", "Ada", float(number), 5.0, False)


@pytest.fixture
def blobs(tmp_path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs", inline=True)


async def keys(blobs: Blobs) -> list[str]:
    return [info.key for info in await blobs.list(SCOPE)]


async def insist(call: Callable[[], object]) -> object:
    """What a caller does who has time: again, until it is done."""
    for _ in range(500):
        try:
            return await call()
        except BlobUnavailable:
            await trio.sleep(1)
    raise AssertionError("never done")


async def delete_for_certain(boxes: Mailboxes, message_id: str) -> None:
    """Until it is said not to be there."""
    with suppress(NoSuchMessage):
        while True:
            await insist(lambda: boxes.delete(SCOPE, BOX, message_id))


async def test_what_is_delivered_is_there_for_the_next_process_too(autojump_clock, blobs):
    first, second = message(1), message(2)
    boxes = Mailboxes(blobs)
    for each in (second, first):
        await boxes.deliver(SCOPE, each, b"RIFF")
    for process in (boxes, Mailboxes(blobs)):
        assert await process.messages(SCOPE, BOX) == [first, second]
        assert await process.audio(SCOPE, BOX, first.id) == b"RIFF"


async def test_boxes_of_other_tenants_and_numbers_are_other_boxes(autojump_clock, blobs):
    boxes = Mailboxes(blobs)
    await boxes.deliver(SCOPE, message(1), b"RIFF")
    await boxes.deliver(SCOPE, message(2, box="1021"), b"RIFF")
    assert await boxes.messages(OTHER, BOX) == []
    assert await boxes.messages(SCOPE, BOX) == [message(1)]
    found = await boxes.all_messages(SCOPE, ["101", BOX, "1021"])
    assert [each.box for each in found] == ["1021", BOX]  # the newest first


@pytest.mark.parametrize("box", ["*7", "#", "*#*"])
async def test_a_box_may_have_a_number_that_is_no_key(autojump_clock, blobs, box):
    boxes = Mailboxes(blobs)
    await boxes.deliver(SCOPE, message(1, box=box), b"RIFF")
    assert await Mailboxes(blobs).messages(SCOPE, box) == [message(1, box=box)]


async def test_a_message_delivered_twice_is_one_and_stays_heard(autojump_clock, blobs):
    boxes = Mailboxes(blobs)
    for _ in range(2):
        await boxes.deliver(SCOPE, message(1), b"RIFF")
        await boxes.mark(SCOPE, BOX, message(1).id, heard=True)
    assert await boxes.messages(SCOPE, BOX) == [replace(message(1), heard=True)]
    assert boxes.stats().delivered == 1


async def test_marks_are_kept_and_can_be_taken_back(autojump_clock, blobs):
    boxes = Mailboxes(blobs)
    await boxes.deliver(SCOPE, message(1), b"RIFF")
    for heard in (True, True, False):
        assert (await boxes.mark(SCOPE, BOX, message(1).id, heard=heard)).heard == heard
        assert (await Mailboxes(blobs).messages(SCOPE, BOX))[0].heard == heard


async def test_a_deleted_message_leaves_no_blob(autojump_clock, blobs):
    boxes = Mailboxes(blobs)
    await boxes.deliver(SCOPE, message(1), b"RIFF")
    await boxes.delete(SCOPE, BOX, message(1).id)
    assert await keys(blobs) == []
    for deed in (boxes.delete, lambda *where: boxes.mark(*where, heard=True)):
        with pytest.raises(NoSuchMessage):
            await deed(SCOPE, BOX, message(1).id)
    with pytest.raises(BlobMissing):
        await boxes.audio(SCOPE, BOX, message(1).id)


async def test_observers_are_told_of_every_change(autojump_clock, blobs):
    boxes, told = Mailboxes(blobs), []
    boxes.on_changed.append(lambda *change: told.append(change))
    await boxes.deliver(SCOPE, message(1), b"RIFF")
    await boxes.mark(SCOPE, BOX, message(1).id, heard=True)
    await boxes.mark(SCOPE, BOX, message(1).id, heard=True)  # no change
    await boxes.delete(SCOPE, BOX, message(1).id)
    assert told == [(SCOPE, BOX, *counts) for counts in ((0, 0), (1, 0), (0, 1), (0, 0))]  # the first: it was read


async def test_a_mistake_of_ours_with_one_box_ends_neither_the_reading_of_others_nor_the_server(
    autojump_clock, blobs, monkeypatch
):
    await Mailboxes(blobs).deliver(SCOPE, message(1), b"RIFF")
    boxes = Mailboxes(blobs)
    list_blobs = blobs.list

    async def list_or_break(scope, prefix="", **options):
        if "/666/" in prefix:
            raise RuntimeError("can't start new thread")
        return await list_blobs(scope, prefix, **options)

    monkeypatch.setattr(blobs, "list", list_or_break)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(boxes.run)
        boxes.counts(SCOPE, "666")
        boxes.counts(SCOPE, BOX)
        await trio.sleep(1)
        assert boxes.counts(SCOPE, BOX) == MessageCounts(1, 0)
        nursery.cancel_scope.cancel()


async def test_counts_are_had_at_once_or_told_when_the_box_was_read(autojump_clock, blobs):
    await Mailboxes(blobs).deliver(SCOPE, message(1), b"RIFF")
    boxes, told = Mailboxes(blobs), []
    boxes.on_changed.append(lambda *change: told.append(change))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(boxes.run)
        assert boxes.counts(SCOPE, BOX) is None
        assert boxes.counts(SCOPE, BOX) is None
        await trio.sleep(1)
        assert told == [(SCOPE, BOX, 1, 0)]
        assert boxes.counts(SCOPE, BOX) == MessageCounts(1, 0)
        nursery.cancel_scope.cancel()


async def test_too_many_asked_at_once_are_left_out_and_counted(autojump_clock, blobs, monkeypatch):
    monkeypatch.setattr(module, "ASKED_MAX", 2)
    boxes = Mailboxes(blobs)
    for box in ("101", "102", "103"):
        boxes.counts(SCOPE, box)
    assert boxes.stats().asks_dropped == 1


async def test_the_box_not_asked_for_longest_is_read_again(autojump_clock, blobs, monkeypatch):
    monkeypatch.setattr(module, "BOXES_MAX", 2)
    boxes = Mailboxes(blobs)
    for box in ("101", "102", "101", "103"):
        await boxes.deliver(SCOPE, message(1, box=box), b"RIFF")
    assert boxes.stats().boxes == 2
    assert boxes.counts(SCOPE, "101") == (1, 0)
    assert boxes.counts(SCOPE, "102") is None
    assert len(await boxes.messages(SCOPE, "102")) == 1


async def test_a_record_that_cannot_be_read_is_counted_and_hides_no_other(autojump_clock, blobs):
    await Mailboxes(blobs).deliver(SCOPE, message(1), b"RIFF")
    await blobs.put(SCOPE, record_key(BOX, "bad"), b"\xff{")
    boxes = Mailboxes(blobs)
    assert await boxes.messages(SCOPE, BOX) == [message(1)]
    assert boxes.stats().unreadable == 1
    assert record_key(BOX, "bad") in await keys(blobs)


async def test_audio_without_a_record_is_removed_and_the_greeting_is_not(autojump_clock, blobs):
    boxes = Mailboxes(blobs)
    await boxes.put_greeting(SCOPE, BOX, b"RIFF")
    await blobs.put(SCOPE, audio_key(BOX, "torn"), b"RIFF")
    assert await boxes.messages(SCOPE, BOX) == []
    assert await boxes.greeting(SCOPE, BOX) == b"RIFF"
    assert len(await keys(blobs)) == 1


async def test_a_greeting_can_be_taken_away(autojump_clock, blobs):
    boxes = Mailboxes(blobs)
    await boxes.put_greeting(SCOPE, BOX, b"RIFF")
    await boxes.put_greeting(SCOPE, BOX, None)
    assert await boxes.greeting(SCOPE, BOX) is None


@pytest.mark.parametrize("seed", range(12))
async def test_in_any_weather_what_was_done_is_done_and_nothing_else(autojump_clock, blobs, seed):
    weather = Weather(seed)
    boxes = Mailboxes(HostileBlobs(blobs, weather, BlobUnavailable))
    expected: dict[str, Message] = {}
    for number in range(12):
        new = message(number)
        await insist(lambda new=new: boxes.deliver(SCOPE, new, b"RIFF"))
        expected[new.id] = new
        chosen = weather.random.choice(sorted(expected))
        if number % 3 == 1:
            await insist(lambda chosen=chosen: boxes.mark(SCOPE, BOX, chosen, heard=True))
            expected[chosen] = replace(expected[chosen], heard=True)
        elif number % 3 == 2:
            await delete_for_certain(boxes, chosen)
            del expected[chosen]
    assert weather.befallen
    weather.calm()
    wanted = sorted(expected.values(), key=lambda each: each.id)
    for process in (boxes, Mailboxes(blobs)):
        assert await process.messages(SCOPE, BOX) == wanted
    left = {key for each in expected.values() for key in (audio_key(BOX, each.id), record_key(BOX, each.id))}
    assert set(await keys(blobs)) == left


async def test_whoever_is_cancelled_half_way_leaves_no_doubt_behind(autojump_clock, blobs):
    slow = HostileBlobs(blobs, Weather(1, request_lost_ratio=0, reply_lost_ratio=0, stall_ratio=1), BlobUnavailable)
    boxes = Mailboxes(slow)
    await Mailboxes(blobs).deliver(SCOPE, message(1), b"RIFF")
    for patience_s in range(5, 200, 10):
        with trio.move_on_after(patience_s):
            await boxes.mark(SCOPE, BOX, message(1).id, heard=patience_s % 20 == 5)
        slow.weather.is_calm = True
        assert await boxes.messages(SCOPE, BOX) == await Mailboxes(blobs).messages(SCOPE, BOX)
        slow.weather.is_calm = False
