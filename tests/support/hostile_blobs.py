"""Blobs in bad weather: like `hostile.py`, and for the one method there that is a context manager."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio

from tests.support.hostile import PATIENCE_TRIES, Hostile, Patient


class HostileBlobs(Hostile):
    """Stands where the backend stood."""

    @asynccontextmanager
    async def get(self, *args: Any) -> AsyncIterator[AsyncIterator[bytes]]:
        """Late, or not to be had; what is read is read whole."""
        await self._carry(trio.lowlevel.checkpoint)
        async with self.backend.get(*args) as chunks:
            yield chunks


class PatientBlobs(Patient):
    """Makes each call again until it is answered."""

    @asynccontextmanager
    async def get(self, *args: Any) -> AsyncIterator[AsyncIterator[bytes]]:
        """Opens the blob in as many tries as it takes."""
        for _ in range(PATIENCE_TRIES):
            opening = self.hostile.get(*args)
            try:
                chunks = await opening.__aenter__()
            except self._unavailable:
                await trio.sleep(1)
                continue
            try:
                yield chunks
            finally:
                await opening.__aexit__(None, None, None)
            return
        raise AssertionError(f"get was not answered in {PATIENCE_TRIES} tries")
