"""Two legs that hear each other, or one that hears itself."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from mediacore.engine import Engine
    from mediacore.leg import Leg


class Bridge:
    """Made by `Engine.bridge()` and `Engine.echo()`.

    Ends with `close()`, with one of its legs, or when one of them is bridged anew.
    """

    def __init__(self, engine: Engine, number: int, legs: tuple[Leg, ...]) -> None:
        self.id = number
        self.legs = legs
        self._engine = engine

    def close(self) -> None:
        """Its legs hear nobody; a second call does nothing."""
        self._engine.native.close_bridge(self.id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
