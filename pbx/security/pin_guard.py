"""How often the PIN of a box may be wrong: of a mailbox, or of a conference room as one caller meets it. Pure: `now` in
seconds of any clock that does not step.

| wrong tries in WINDOW_S | then                                        |
|-------------------------|---------------------------------------------|
| fewer than WRONG_MAX    | the PIN is looked at                        |
| WRONG_MAX               | no further one is looked at for REFUSED_S   |
"""

from collections import deque

from pbx.tenants.scope import TenantScope

WRONG_MAX = 5
WINDOW_S = 900.0
REFUSED_S = 900.0
BOXES_MAX = 10_000  # remembered; then the one whose last wrong try is the longest ago is forgotten


class PinGuard:
    """The wrong tries of all boxes of a process; `refused` is counted since the start."""

    def __init__(self) -> None:
        self.refused = 0
        self._wrong: dict[tuple[TenantScope, str], deque[float]] = {}  # the box last tried at the end

    def admit(self, scope: TenantScope, box: str, now: float) -> bool:
        """Whether a PIN may be looked at. It counts as wrong until `right` says otherwise: several may be under way."""
        wrong = self._wrong.pop((scope, box), None) or deque()
        self._wrong[scope, box] = wrong
        if len(self._wrong) > BOXES_MAX:
            del self._wrong[next(iter(self._wrong))]
        if len(wrong) >= WRONG_MAX:
            if now - wrong[-1] < REFUSED_S:
                self.refused += 1
                return False
            wrong.clear()
        while wrong and now - wrong[0] >= WINDOW_S:
            wrong.popleft()
        wrong.append(now)
        return True

    def right(self, scope: TenantScope, box: str) -> None:
        """The PIN was right: what was wrong before is forgotten."""
        self._wrong.pop((scope, box), None)
