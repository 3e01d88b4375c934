"""Facts for people, or the same as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping


def show(facts: Mapping[str, object], *, as_json: bool) -> None:
    """Names on the left, what is known of them on the right; in JSON spaces become underscores."""
    if as_json:
        print(json.dumps({name.replace(" ", "_"): fact for name, fact in facts.items()}))
        return
    width = max(map(len, facts))
    for name, fact in facts.items():
        print(f"{name:<{width}}  {_text(fact)}")


def _text(fact: object) -> str:
    if isinstance(fact, float):
        return f"{fact:.3g}"
    if isinstance(fact, list | tuple):
        return ", ".join(map(str, fact))
    return "not known" if fact is None else str(fact)
