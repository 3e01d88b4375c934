"""Verdicts as they come and go: what is wrong with a leg now beside what was wrong at the last look. Reads no clock.

| code of the verdict | last look | this look | told |
|---|---|---|---|
| the same | there | there | nothing |
| new | - | there | VerdictRaised, once |
| gone | there | - | VerdictCleared |

A leg that is looked at every second is told of within three seconds of the cause: a direction is deaf after two.
"""

from __future__ import annotations

from mediacore.params import Address
from mediacore.stats import LegStats
from mediacore.verdict import DEAF_AFTER_MS, Verdict, verdicts


class VerdictWatch:
    """Follows one leg. `local` is our address; `signalled`, given with each look, the one that the peer's SDP named."""

    def __init__(self, local: Address | None = None, *, deaf_after_ms: float = DEAF_AFTER_MS) -> None:
        self._local = local
        self._deaf_after_ms = deaf_after_ms
        self._standing: dict[str, Verdict] = {}

    @property
    def standing(self) -> tuple[Verdict, ...]:
        """What was wrong at the last look."""
        return tuple(self._standing.values())

    def look(
        self, stats: LegStats, *, signalled: Address | None = None
    ) -> tuple[tuple[Verdict, ...], tuple[Verdict, ...]]:
        """What is wrong since this look, and what is wrong no longer."""
        found = verdicts(stats, signalled=signalled, local=self._local, deaf_after_ms=self._deaf_after_ms)
        now = {verdict.code: verdict for verdict in found}
        raised = tuple(verdict for code, verdict in now.items() if code not in self._standing)
        cleared = tuple(verdict for code, verdict in self._standing.items() if code not in now)
        self._standing = now
        return raised, cleared
