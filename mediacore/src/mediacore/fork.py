"""What becomes of engines in a process that is forked off: threads stay in the parent.

So whatever asks them is refused at once, where it would wait for an answer that never comes. The parent goes on as if
nothing had been.
"""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Any

from mediacore.errors import EngineForked

if TYPE_CHECKING:
    from mediacore.engine import Engine

_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


class ElsewhereNative:
    """Stands where the native engine, or a conference of it, was."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise EngineForked

    def close(self) -> None:
        """Nothing to close: the sockets and threads are the parent's. A `with` may be left without another error."""


def watch(engine: Engine) -> None:
    """From now on a fork is noticed."""
    _engines.add(engine)


def _leave_behind() -> None:
    for engine in list(_engines):
        engine.leave_behind(ElsewhereNative())
    _engines.clear()


os.register_at_fork(after_in_child=_leave_behind)
