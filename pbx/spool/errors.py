"""What can go wrong with the spool, one class per thing that a caller can do about it."""

from pathlib import Path


class SpoolError(Exception):
    """Any of the below."""


class SpoolFull(SpoolError):
    """The queue before the writer is full. Nothing was queued: answer 503 with Retry-After."""

    def __init__(self, queued: int, limit: int) -> None:
        super().__init__(f"the spool's queue holds {queued} changes of at most {limit}")
        self.queued = queued
        self.limit = limit


class SpoolFailed(SpoolError):
    """The disk refused (full, read-only, broken). None of the commit's changes was kept; a later try may succeed."""


class SpoolClosed(SpoolError):
    """The spool was closed before; nothing more can be committed."""


class SpoolBusy(SpoolError):
    """Another process has this spool open: two writers would each undo the other's calls."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is in use by another process: stop that one, or give this one a data folder of its own"
        )
        self.path = path


class SpoolVersionError(SpoolError):
    """The file was written by a release that this one does not understand, or is no spool at all."""

    def __init__(self, path: Path | None, found: str, understood: str) -> None:
        super().__init__(f"{path or 'the spool'} is {found}; this release understands {understood}")
        self.path = path
