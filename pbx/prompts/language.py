"""Language tags (RFC 5646), as far as prompts need them: which languages to try, in order."""

import re

FALLBACK = "en"
LANGUAGES = ("en", "pl")  # that we have all prompts and a grammar for

_TAG = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*", re.ASCII)


def tags(language: str) -> list[str]:
    """From the most special to the most general: "pl-PL" (or "pl_PL") gives "pl-pl", "pl"; what is no tag, nothing."""
    tag = language.replace("_", "-").lower()
    parts = tag.split("-") if _TAG.fullmatch(tag) else []
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]


def ancestry(language: str) -> list[str]:
    """The same, and at last English."""
    found = tags(language)
    return found if FALLBACK in found else [*found, FALLBACK]
