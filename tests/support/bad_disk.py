"""A spool whose disk is slow, full or broken for a while; between its user and the real one."""

from typing import Any, cast

import trio

from pbx.spool import Change, Spool, SpoolError


class BadDisk:
    """Takes the place of `spool.commit`; `heal()` gives it back."""

    def __init__(self, spool: Spool, *, delay_s: float = 0.0, error: SpoolError | None = None) -> None:
        self.delay_s = delay_s
        self.error = error
        self._spool = cast(Any, spool)
        self._commit = spool.commit
        self._spool.commit = self._commit_badly

    def heal(self) -> None:
        """From now on all is well."""
        self._spool.commit = self._commit

    async def _commit_badly(self, *changes: Change) -> None:
        await trio.sleep(self.delay_s)
        if self.error is not None:
            raise self.error
        await self._commit(*changes)
