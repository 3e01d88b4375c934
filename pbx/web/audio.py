"""Recordings as HTTP knows them: whole, or the one part that a player asks for (RFC 9110 14).

Several ranges in one request, and a range of something else than bytes, are answered with the whole, as 14.2 allows.
"""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from fastapi import Response

from pbx.blobs.interface import BlobInfo, Blobs
from pbx.tenants.scope import TenantScope
from pbx.web.closing_response import ClosingResponse
from pbx.web.problem import Problem

_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """Bytes `first` to `last`, both included, of `size`."""

    first: int
    last: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return self.last - self.first + 1


class Unsatisfiable(ValueError):
    """A range that begins behind the end."""


def read_range(header: str | None, size: int) -> Part | None:
    """The part that a Range header asks for; None: the whole. Raises Unsatisfiable."""
    found = _RANGE.fullmatch(header or "")
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:  # the last so many
        if not int(last) or not size:
            raise Unsatisfiable
        return Part(max(0, size - int(last)), size - 1, size)
    if last and int(last) < int(first):
        return None  # invalid, so it is as if it were not there (14.1.1)
    if int(first) >= size:
        raise Unsatisfiable
    return Part(int(first), min(int(last), size - 1) if last else size - 1, size)


async def recording(
    blobs: Blobs, scope: TenantScope, key: str, *, range_header: str | None, if_range: str | None
) -> Response:
    """The answer to a GET of the recording `key`. Raises BlobMissing."""
    info = await blobs.info(scope, key)
    etag = _etag(info)
    headers = {"Accept-Ranges": "bytes", "ETag": etag, "Cache-Control": "private, no-cache"}
    try:
        part = read_range(range_header, info.size_bytes) if if_range in (None, etag) else None
    except Unsatisfiable:
        unsatisfied = {"Content-Range": f"bytes */{info.size_bytes}"}
        raise Problem(416, f"the recording has {info.size_bytes} bytes", headers=unsatisfied) from None
    if part is None:
        part, status = Part(0, info.size_bytes - 1, info.size_bytes), 200
    else:
        status = 206
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{part.size}"
    headers["Content-Length"] = str(part.length)
    return ClosingResponse(_content(blobs, scope, key, part), status, headers, media_type="audio/wav")


async def _content(blobs: Blobs, scope: TenantScope, key: str, part: Part) -> AsyncGenerator[bytes, None]:
    position = 0
    async with blobs.get(scope, key) as chunks:
        async for chunk in chunks:
            wanted = chunk[max(0, part.first - position) : max(0, part.last + 1 - position)]
            position += len(chunk)
            if wanted:
                yield wanted
            if position > part.last:
                return


def _etag(info: BlobInfo) -> str:
    return f'"{info.size_bytes:x}-{int(info.modified_at * 1e6):x}"'
