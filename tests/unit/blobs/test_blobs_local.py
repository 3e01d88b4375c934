"""What is the local files' own: nothing half-written in sight, and nothing left behind."""

import os
import time

import pytest
import trio

from pbx.blobs.interface import BlobUnavailable
from pbx.blobs.local import PARTIAL_AGE_MAX_S, LocalBlobs
from tests.support.sample_cdr import HERONS


class Endless:
    def __init__(self, pause: trio.Event) -> None:
        self.pause = pause

    async def __aiter__(self):
        yield b"the beginning"
        await self.pause.wait()


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_a_file_lies_where_a_person_would_look_for_it(tmp_path):
    await LocalBlobs(tmp_path).put(HERONS, "calls/2027/call-1.wav", b"RIFF")
    assert files(tmp_path) == ["local/herons/calls+/2027+/call-1.wav"]


async def test_what_others_put_beside_the_blobs_hides_none_of_them(tmp_path):
    blobs = LocalBlobs(tmp_path, inline=True)
    await blobs.put(HERONS, "voicemail/102/1.json", b"{}")
    folder = tmp_path / "local" / "herons" / "voicemail+" / "102+"
    for name in (".1.json.Xq3A9b", "1.json (copy)", "zażółć.wav"):  # rsync, a desktop, a person
        (folder / name).touch()
    (folder / "a folder").mkdir()
    (folder / "a folder" / "2.json").touch()
    assert [info.key for info in await blobs.list(HERONS)] == ["voicemail/102/1.json"]
    assert [info.key for info in await blobs.list(HERONS, "voicemail/102/")] == ["voicemail/102/1.json"]


async def test_half_a_blob_is_never_in_sight_and_goes_when_its_writer_is_cancelled(tmp_path):
    blobs = LocalBlobs(tmp_path, inline=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(blobs.put, HERONS, "greeting", Endless(trio.Event()))
        await trio.testing.wait_all_tasks_blocked()
        assert list(await blobs.list(HERONS)) == []
        assert len(files(tmp_path)) == 1
        nursery.cancel_scope.cancel()
    assert files(tmp_path) == []


def test_what_a_killed_process_left_is_removed_a_day_later(tmp_path):
    LocalBlobs(tmp_path)
    old, new = tmp_path / ".partial" / "old", tmp_path / ".partial" / "new"
    for path, age_s in ((old, PARTIAL_AGE_MAX_S + 60), (new, 60)):
        path.touch()
        os.utime(path, (time.time() - age_s,) * 2)
    LocalBlobs(tmp_path)
    assert files(tmp_path) == [".partial/new"]


async def test_every_folder_and_every_file_is_its_owners_alone(tmp_path):
    blobs = tmp_path / "data" / "blobs"
    await LocalBlobs(blobs).put(HERONS, "calls/2027/call-1.wav", b"RIFF")
    paths = [blobs, *blobs.rglob("*")]
    assert len(paths) == 7
    assert [path for path in paths if path.stat().st_mode & 0o077] == []


async def test_a_disk_that_refuses_is_unavailable(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BlobUnavailable, match="No space"):
        await LocalBlobs(tmp_path).put(HERONS, "greeting", b"")
    assert files(tmp_path) == []
