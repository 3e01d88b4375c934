"""Subjects in turns: A B C, A B C …, so that what disturbs the machine for a minute disturbs all of them alike."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from bench.row import Missing

Taken = TypeVar("Taken")


def present(subjects: Sequence[str], trial: Callable[[str], object]) -> tuple[list[str], list[Missing]]:
    """Those of which `trial` does not raise Missing, and what it says of the others."""
    here, gaps = [], []
    for subject in subjects:
        try:
            trial(subject)
        except Missing as missing:
            gaps.append(missing)
        else:
            here.append(subject)
    return here, gaps


def in_turns(work: str, subjects: Sequence[str], runs: int, take: Callable[[str], Taken]) -> dict[str, list[Taken]]:
    """All samples of each subject; says on standard error what is under way, since it takes minutes."""
    found: dict[str, list[Taken]] = {subject: [] for subject in subjects}
    for turn in range(runs):
        for subject in subjects:
            print(f"  {work}: {subject}, turn {turn + 1} of {runs}", file=sys.stderr, flush=True)
            found[subject].append(take(subject))
    return found
