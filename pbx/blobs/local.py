"""Blobs as files in a folder: `region/tenant/part+/part+/last part`.

A folder's name ends in "+", which no key has, so that `a` and `a/b` do not meet. A file is written aside, brought to
the disk and renamed. `inline=True` works in the caller instead of threads: a virtual clock jumps ahead of these.
"""

import os
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from io import RawIOBase
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

from pbx.blobs.interface import LIST_MAX, BlobInfo, BlobMissing, BlobRefused, BlobUnavailable, check_key, is_key
from pbx.tenants.scope import TenantScope

T = TypeVar("T")

CHUNK_BYTES = 64 * 1024
PARTIAL_AGE_MAX_S = 24 * 3600.0  # what a killed process left half-written is removed by the first start after this

_PARTIAL = ".partial"  # no key has a part that begins with a dot


class LocalBlobs:
    """Blobs; see `interface.py` for what each call does."""

    def __init__(self, folder: Path, *, inline: bool = False) -> None:
        """Creates `folder` where it is missing, readable by its owner alone."""
        self.inline = inline
        self._folder = folder
        self._partial = folder / _PARTIAL
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._partial.mkdir(mode=0o700, exist_ok=True)
        _remove_old(self._partial)

    async def put(self, scope: TenantScope, key: str, content: bytes | AsyncIterable[bytes]) -> BlobInfo:
        """See Blobs."""
        path = self._path(scope, key)
        partial = self._partial / token_hex(16)
        file = await self._run(lambda: _open_new(partial))  # or closing it might write, and fail
        try:
            with file:
                if isinstance(content, bytes):
                    await self._run(_write, file, content)
                else:
                    async for chunk in content:
                        await self._run(_write, file, chunk)
                await self._run(os.fsync, file.fileno())
            await self._run(_move, partial, path)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        return await self.info(scope, key)

    @asynccontextmanager
    async def get(self, scope: TenantScope, key: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """See Blobs."""
        path = self._path(scope, key)
        file = await self._run(lambda: path.open("rb"))
        with file:
            async with aclosing(self._chunks(file)) as chunks:  # the reader may leave before the end
                yield chunks

    async def info(self, scope: TenantScope, key: str) -> BlobInfo:
        """See Blobs."""
        return await self._run(_info, key, self._path(scope, key))

    async def delete(self, scope: TenantScope, key: str) -> None:
        """See Blobs."""
        path = self._path(scope, key)
        await self._run(lambda: path.unlink(missing_ok=True))

    async def list(
        self, scope: TenantScope, prefix: str = "", *, limit: int = LIST_MAX, after: str = ""
    ) -> Sequence[BlobInfo]:
        """See Blobs."""
        if not 1 <= limit <= LIST_MAX:
            raise BlobRefused(f"a list has 1 to {LIST_MAX} blobs, not {limit}")
        folders = prefix.split("/")[:-1]
        check_key(scope, "/".join([*folders, "any"]))
        top = self._folder / scope.region / scope.tenant

        def read() -> Sequence[BlobInfo]:
            keys = sorted(key for key in _keys(top, folders) if key.startswith(prefix) and key > after)
            return [info for key in keys[:limit] for info in _info_if_there(key, self._path(scope, key))]

        return await self._run(read)

    # -- insides -------------------------------------------------------------------------------------------------------

    def _path(self, scope: TenantScope, key: str) -> Path:
        region, tenant, *folders, name = check_key(scope, key)
        return self._folder.joinpath(region, tenant, *(f"{folder}+" for folder in folders), name)

    async def _chunks(self, file: BinaryIO) -> AsyncGenerator[bytes, None]:
        while chunk := await self._run(file.read, CHUNK_BYTES):
            yield chunk

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        try:
            if self.inline:
                await anyio.lowlevel.checkpoint()
                return work(*args)
            return await anyio.to_thread.run_sync(work, *args)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise BlobMissing(f"there is no {error.filename}") from None
        except OSError as error:
            raise BlobUnavailable(str(error)) from error


def _open_new(path: Path) -> RawIOBase:
    """For us alone, as the folders are."""
    return open(path, "xb", buffering=0, opener=lambda name, flags: os.open(name, flags, 0o600))


def _write(file: RawIOBase, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) or 0 :]


def _move(partial: Path, path: Path) -> None:
    _make_folder(path.parent)
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name too must survive a power cut
    finally:
        os.close(folder)


def _make_folder(path: Path) -> None:
    """For us alone, the folders above it too, which `mkdir` with `parents` would show to everybody."""
    if not path.is_dir():
        _make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def _info(key: str, path: Path) -> BlobInfo:
    stat = path.stat()
    return BlobInfo(key, stat.st_size, stat.st_mtime)


def _info_if_there(key: str, path: Path) -> Iterator[BlobInfo]:
    with suppress(FileNotFoundError):  # deleted since it was listed
        yield _info(key, path)


def _keys(top: Path, folders: Sequence[str]) -> Iterator[str]:
    """The keys under `folders`, in no order. What others put there (an rsync under way, say) is no blob."""
    start = top.joinpath(*(f"{folder}+" for folder in folders))
    for folder, inner, names in os.walk(start):
        inner[:] = [name for name in inner if name.endswith("+")]
        above = [part.removesuffix("+") for part in Path(folder).relative_to(top).parts]
        yield from filter(is_key, ("/".join([*above, name]) for name in names))


def _remove_old(partial: Path) -> None:
    for path in partial.iterdir():
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > PARTIAL_AGE_MAX_S:
                path.unlink()
