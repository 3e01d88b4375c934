"""Audio as files, for as long as somebody hears or records it: the engine plays files, and messages are blobs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from pbx.apps.voicemail.patience import InThread


class AudioFiles:
    """Files in a folder of their own. What an earlier process left in it is removed at the start."""

    def __init__(self, folder: Path, in_thread: InThread) -> None:
        self._folder = folder
        self._in_thread = in_thread
        self._numbers = count(1)
        for path in folder.glob("*.wav"):
            path.unlink(missing_ok=True)

    @asynccontextmanager
    async def holding(self, name: str, audio: bytes = b"") -> AsyncIterator[Path]:
        """A file with `audio` in it while entered. Raises OSError where it cannot be written."""
        path = self._folder / f"{name}-{next(self._numbers)}.wav"
        try:
            await self._in_thread(_write, path, audio)
            yield path
        finally:
            path.unlink(missing_ok=True)

    async def read(self, path: Path) -> bytes:
        """What is in such a file now."""
        content: bytes = await self._in_thread(path.read_bytes)
        return content


def _write(path: Path, audio: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(audio)
