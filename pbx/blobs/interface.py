"""What every Blobs does, and what it raises. One contract test-suite holds all backends to it.

- Every call names a scope and reaches nothing outside it.
- Every call may be made again: what comes of both is what comes of one.
- A blob is there whole or not at all, also for those who read it while it is replaced.
"""

import re
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct

from pbx.tenants.scope import TenantScope

LIST_MAX = 1000  # blobs in one answer; asking for more is refused
KEY_LENGTH_MAX = 512  # characters; longer keys are refused

_KEY_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


class BlobError(Exception):
    """Any of the below."""


class BlobMissing(BlobError):
    """There is no such blob in this scope."""


class BlobRefused(BlobError):
    """Never: a key that could leave its scope, a list of a million. Trying again is of no use."""


class BlobUnavailable(BlobError):
    """Not now: unreachable, disk full. Whether the change was made is open; making it again is safe."""


class BlobInfo(Struct, frozen=True):
    """What is known of a blob without reading it."""

    key: str
    size_bytes: int
    modified_at: float  # unix seconds


class Blobs(Protocol):
    """See the module. Keys are parts joined by "/", see `check_key`; `a` and `a/b` may both exist."""

    async def put(self, scope: TenantScope, key: str, content: bytes | AsyncIterable[bytes]) -> BlobInfo:
        """Keeps `content` under `key`, in place of what was there. Nothing is kept if reading `content` fails."""

    def get(self, scope: TenantScope, key: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The content, in chunks. Entering raises BlobMissing."""

    async def info(self, scope: TenantScope, key: str) -> BlobInfo:
        """Raises BlobMissing."""

    async def delete(self, scope: TenantScope, key: str) -> None:
        """Removes the blob; one that is not there is no error."""

    async def list(
        self, scope: TenantScope, prefix: str = "", *, limit: int = LIST_MAX, after: str = ""
    ) -> Sequence[BlobInfo]:
        """The blobs whose keys begin with `prefix`, by key; those behind the key `after`."""


def is_key_part(text: str) -> bool:
    """Whether this may stand between two slashes of a key."""
    return _KEY_PART.fullmatch(text) is not None


def is_key(text: str) -> bool:
    """Whether a blob may have this name."""
    return len(text) <= KEY_LENGTH_MAX and all(map(is_key_part, text.split("/")))


def check_key(scope: TenantScope, key: str) -> list[str]:
    """Region, tenant and the key's parts, none of which can lead anywhere but down. Raises BlobRefused."""
    parts = [scope.region, scope.tenant, *key.split("/")]
    if not is_key(key) or not is_key_part(scope.region) or not is_key_part(scope.tenant):
        raise BlobRefused(
            f"{'/'.join(parts)[:80]!r}: parts have letters, digits, '_', '-' and inner dots, and 1 to 200 of them"
        )
    return parts
