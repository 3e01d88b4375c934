"""What every Blobs does. A new backend is one more line in CASES, and passes this in good weather and in bad."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trio.testing import MockClock

from pbx.blobs.interface import (
    KEY_LENGTH_MAX,
    LIST_MAX,
    BlobMissing,
    BlobRefused,
    Blobs,
    BlobUnavailable,
    check_key,
)
from pbx.blobs.local import CHUNK_BYTES, LocalBlobs
from pbx.tenants.scope import TenantScope
from tests.support.hostile import Weather
from tests.support.hostile_blobs import HostileBlobs, PatientBlobs
from tests.support.sample_cdr import HERONS, OTTERS

CASES = ["inline", "threads", *(f"hostile-{seed}" for seed in range(6))]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def clock(case: str) -> MockClock:
    # A clock that jumps would not wait for real threads.
    return MockClock(rate=1.0) if case == "threads" else MockClock(autojump_threshold=0)


@pytest.fixture
def blobs(case: str, tmp_path: Path) -> Blobs:
    local = LocalBlobs(tmp_path / "blobs", inline=case != "threads")
    if not case.startswith("hostile"):
        return local
    weather = Weather(int(case.removeprefix("hostile-")))
    return PatientBlobs(HostileBlobs(local, weather, BlobUnavailable), BlobUnavailable)


class Chunks:
    """Content in pieces that can be read more than once, as a put that is made again needs it."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


class Broken(Chunks):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"the beginning"
        raise EOFError("the rest is gone")


async def read(blobs: Blobs, scope: TenantScope, key: str) -> bytes:
    async with blobs.get(scope, key) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def test_what_was_put_is_read_back(blobs, clock):
    put = await blobs.put(HERONS, "calls/2027/call-1.wav", b"RIFF")
    for info in (put, await blobs.info(HERONS, "calls/2027/call-1.wav")):
        assert (info.key, info.size_bytes) == ("calls/2027/call-1.wav", 4)
    assert await read(blobs, HERONS, "calls/2027/call-1.wav") == b"RIFF"


async def test_a_blob_may_be_empty(blobs, clock):
    await blobs.put(HERONS, "empty", b"")
    assert await read(blobs, HERONS, "empty") == b""


async def test_content_is_streamed_in_and_out(blobs, clock):
    content = [bytes([n]) * 50_000 for n in range(10)]
    await blobs.put(HERONS, "large", Chunks(*content))
    async with blobs.get(HERONS, "large") as chunks:
        pieces = [chunk async for chunk in chunks]
    assert b"".join(pieces) == b"".join(content)
    assert max(map(len, pieces)) <= CHUNK_BYTES


async def test_a_second_put_replaces_the_first(blobs, clock):
    await blobs.put(HERONS, "greeting", b"a long first version")
    await blobs.put(HERONS, "greeting", b"second")
    assert await read(blobs, HERONS, "greeting") == b"second"


async def test_whoever_reads_while_it_is_replaced_reads_one_version(blobs, clock):
    await blobs.put(HERONS, "greeting", b"1" * 3 * CHUNK_BYTES)
    async with blobs.get(HERONS, "greeting") as chunks:
        first = await anext(chunks)
        await blobs.put(HERONS, "greeting", b"2")
        rest = [chunk async for chunk in chunks]
    assert set(first + b"".join(rest)) == {ord("1")}


async def test_a_reader_may_leave_before_the_end(blobs, clock):
    await blobs.put(HERONS, "large", bytes(3 * CHUNK_BYTES))
    async with blobs.get(HERONS, "large") as chunks:
        async for _ in chunks:
            break


async def test_a_put_whose_content_fails_leaves_what_was_there(blobs, clock):
    await blobs.put(HERONS, "greeting", b"first")
    with pytest.raises(EOFError):
        await blobs.put(HERONS, "greeting", Broken())
    assert await read(blobs, HERONS, "greeting") == b"first"
    assert [info.key for info in await blobs.list(HERONS)] == ["greeting"]


async def test_what_is_not_there_is_missing(blobs, clock):
    await blobs.put(HERONS, "folder/file", b"")
    for key in ("nothing", "folder", "folder/file/below"):
        with pytest.raises(BlobMissing):
            await read(blobs, HERONS, key)
        with pytest.raises(BlobMissing):
            await blobs.info(HERONS, key)


async def test_a_deleted_blob_is_gone_and_deleting_it_again_is_no_error(blobs, clock):
    await blobs.put(HERONS, "greeting", b"first")
    await blobs.delete(HERONS, "greeting")
    await blobs.delete(HERONS, "greeting")
    with pytest.raises(BlobMissing):
        await blobs.info(HERONS, "greeting")


async def test_a_key_and_a_longer_one_below_it_both_exist(blobs, clock):
    await blobs.put(HERONS, "a", b"1")
    await blobs.put(HERONS, "a/b", b"2")
    await blobs.put(HERONS, "a/b/c", b"3")
    assert [await read(blobs, HERONS, key) for key in ("a", "a/b", "a/b/c")] == [b"1", b"2", b"3"]
    assert [info.key for info in await blobs.list(HERONS)] == ["a", "a/b", "a/b/c"]


async def test_blobs_are_listed_by_prefix_and_by_pages(blobs, clock):
    for key in ("calls/b", "calls/a", "calls-old/x", "calls/deep/c", "prompts/p"):
        await blobs.put(HERONS, key, b"x")

    async def keys(*args, **kwargs) -> list[str]:
        return [info.key for info in await blobs.list(HERONS, *args, **kwargs)]

    assert await keys() == ["calls-old/x", "calls/a", "calls/b", "calls/deep/c", "prompts/p"]
    assert await keys("calls/") == ["calls/a", "calls/b", "calls/deep/c"]
    assert await keys("calls") == ["calls-old/x", "calls/a", "calls/b", "calls/deep/c"]
    assert await keys("calls/d") == ["calls/deep/c"]
    assert await keys("nothing/") == []
    assert await keys("calls/", limit=2) == ["calls/a", "calls/b"]
    assert await keys("calls/", limit=2, after="calls/b") == ["calls/deep/c"]


@pytest.mark.parametrize("other", [OTTERS, TenantScope("herons", "north")])
async def test_nothing_of_one_tenant_is_seen_or_touched_by_another(blobs, clock, other):
    await blobs.put(HERONS, "greeting", b"herons")
    await blobs.put(other, "greeting", b"others")
    await blobs.delete(other, "greeting")
    with pytest.raises(BlobMissing):
        await read(blobs, other, "greeting")
    assert list(await blobs.list(other)) == []
    assert await read(blobs, HERONS, "greeting") == b"herons"


IMPOSSIBLE_KEYS = [
    *("", "/", "/etc/passwd", "..", "../otters/x", "a/../../otters/x", "a//b", "a/", ".partial/x", "a/.b", "a\\b"),
    *("a\0b", "a+", "a+/b", "ä", "a b", "a\n", "~", "x" * 201, "/".join(["x"] * KEY_LENGTH_MAX)),
]


async def test_a_key_that_could_lead_elsewhere_is_refused(blobs, clock):
    for key in IMPOSSIBLE_KEYS:
        for call in (blobs.put(HERONS, key, b""), read(blobs, HERONS, key), blobs.delete(HERONS, key)):
            with pytest.raises(BlobRefused):
                await call


async def test_a_scope_that_could_lead_elsewhere_is_refused(blobs, clock):
    for scope in (TenantScope(".."), TenantScope("a/b"), TenantScope("herons", ".."), TenantScope("")):
        with pytest.raises(BlobRefused):
            await blobs.put(scope, "greeting", b"")
        with pytest.raises(BlobRefused):
            await blobs.list(scope)


async def test_a_prefix_that_could_lead_elsewhere_is_refused(blobs, clock):
    for prefix in ("../", "a/../", ".partial/", "/"):
        with pytest.raises(BlobRefused):
            await blobs.list(HERONS, prefix)


async def test_a_list_is_bounded(blobs, clock):
    for limit in (0, LIST_MAX + 1):
        with pytest.raises(BlobRefused):
            await blobs.list(HERONS, limit=limit)


@given(st.text() | st.text(alphabet="ab./\\-_+~\0"))
@example("a/..")
def test_whatever_the_key_it_is_refused_or_leads_down(key):
    try:
        parts = check_key(HERONS, key)
    except BlobRefused:
        return
    root = Path("/blobs")
    assert root.joinpath(*parts).is_relative_to(root / "local" / "herons")
    assert ".." not in parts
