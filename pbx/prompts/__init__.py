"""What is said to callers: recorded prompts by language and name, and sentences put together from them.

The audio is made from `texts.toml` by `make prompts`; docs/prompts.md tells how. Of ours, it knows scopes alone.
"""

from pbx.prompts.grammar import Gender
from pbx.prompts.language import LANGUAGES
from pbx.prompts.library import Prompts, UnknownPrompt, installed
from pbx.prompts.sentences import (
    digits,
    message_counts,
    message_heading,
    moment,
    number,
    unavailable,
)

__all__ = [
    "LANGUAGES",
    "Gender",
    "Prompts",
    "UnknownPrompt",
    "digits",
    "installed",
    "message_counts",
    "message_heading",
    "moment",
    "number",
    "unavailable",
]
